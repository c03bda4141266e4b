"""Takes executions from the queue, does them step by step, books their cost and tells the webhooks."""
import asyncio
import json
import os
from uuid import UUID

from app import executions, http, security, settings
from app.service import Service, log

service = Service()
app = service.app
AGENTS_URL = os.environ["AGENTS_URL"]
AT_ONCE = asyncio.Semaphore(4)
PRICE = 0.000002  # US dollars for a token
running = set()


async def take():
    """One turn of the queue: what comes out of it runs on its own, at most four at a time."""
    await AT_ONCE.acquire()
    try:
        taken = await service.redis.brpop(executions.QUEUE, timeout=1)
    except BaseException:
        AT_ONCE.release()
        raise
    if not taken:
        AT_ONCE.release()
        return
    task = asyncio.create_task(work(UUID(taken[1])))
    running.add(task)
    task.add_done_callback(lambda done: (running.discard(done), AT_ONCE.release()))


async def adopt():
    """What a stopped worker left undone goes back into the queue, once."""
    for row in await service.db.fetch(
            "UPDATE executions SET status = 'queued', progress = 0 WHERE status = 'running' RETURNING id"):
        await service.redis.lpush(executions.QUEUE, str(row["id"]))
    await asyncio.Event().wait()


async def heartbeat():
    status = await http.tell_service(f"{AGENTS_URL}/api/workers/heartbeat")
    if status != 204:
        log.warning("heartbeat answered %s", status)
    await asyncio.sleep(0.5)


async def step(execution_id, progress, line):
    await service.db.execute("UPDATE executions SET progress = $2 WHERE id = $1", execution_id, progress)
    await service.db.execute("INSERT INTO execution_logs (execution_id, line) VALUES ($1, $2)", execution_id, line)
    await asyncio.sleep(0.1)


async def work(execution_id):
    row = await service.db.fetchrow(
        """UPDATE executions e SET status = 'running', started_at = now() FROM agents a
           WHERE e.id = $1 AND e.status = 'queued' AND a.id = e.agent_id RETURNING e.task, e.user_id, a.name, a.model""",
        execution_id)
    if not row:
        return
    try:
        await step(execution_id, 25, f"{row['name']} reads the task")
        answer = await http.ask("POST", f"{settings.OLLAMA_URL}/api/generate",
                                {"model": row["model"], "prompt": row["task"], "stream": False}, 60)
        await step(execution_id, 75, f"{row['model']} answered")
        await complete(execution_id, row, answer)
    except (OSError, KeyError) as error:
        await service.db.execute("UPDATE executions SET status = 'failed', error = $2, completed_at = now() WHERE id = $1",
                                 execution_id, str(error))
        log.warning("execution %s failed: %s", execution_id, error)


async def complete(execution_id, row, answer):
    tokens = answer["prompt_eval_count"] + answer["eval_count"]
    async with service.db.acquire() as connection, connection.transaction():
        await connection.execute("INSERT INTO costs (execution_id, model, tokens, amount_usd) VALUES ($1, $2, $3, $4)",
                                 execution_id, row["model"], tokens, round(tokens * PRICE, 6))
        await connection.execute(
            "UPDATE executions SET status = 'completed', progress = 100, output = $2, completed_at = now() WHERE id = $1",
            execution_id, answer["response"])
    event = {"event": "agent.execution.completed", "execution_id": str(execution_id), "agent": row["name"],
             "status": "completed", "tokens": tokens}
    hooks = await service.db.fetch(
        "SELECT id, url, signing_key FROM webhooks WHERE user_id = $1 AND active AND $2 = ANY (events)",
        row["user_id"], event["event"])
    await asyncio.gather(*(deliver(hook, event) for hook in hooks))


async def deliver(hook, event):
    body = json.dumps(event).encode()
    headers = {"Content-Type": "application/json", "X-Temponest-Event": event["event"],
               "X-Temponest-Signature": security.signature(hook["signing_key"], body)}
    for attempt in range(1, 4):
        try:
            status, _ = await http.raw("POST", hook["url"], body, headers, 5)
        except OSError as error:
            status = 0
            log.warning("webhook %s did not answer: %s", hook["id"], error)
        await service.db.execute(
            "INSERT INTO webhook_deliveries (webhook_id, event, payload, attempt, status) VALUES ($1, $2, $3, $4, $5)",
            hook["id"], event["event"], json.dumps(event), attempt, status)
        if 200 <= status < 300:
            return
        await asyncio.sleep(attempt)


service.background += [take, adopt, heartbeat]
