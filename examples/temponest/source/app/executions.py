"""Executions: put into the queue by agents and scheduler, taken from it by the workers."""
QUEUE = "executions"


async def enqueue(service, user_id, agent, task, schedule_id=None):
    """Creates an execution of a known agent and queues it; None when there is no such agent."""
    row = await service.db.fetchrow(
        """INSERT INTO executions (user_id, agent_id, schedule_id, task, status)
           SELECT $1, id, $4, $3, 'queued' FROM agents WHERE name = $2
           RETURNING id, status, progress, created_at""", user_id, agent, task, schedule_id)
    if row:
        await service.redis.lpush(QUEUE, str(row["id"]))
    return row and dict(row)
