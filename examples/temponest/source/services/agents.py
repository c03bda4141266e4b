"""Agents, their executions, and the webhooks that hear of them."""
import secrets
import time
from uuid import UUID

from fastapi import Depends, HTTPException
from pydantic import BaseModel, Field

from app import executions, security
from app.service import Service

service = Service()
app = service.app
caller = security.caller(service)


class Task(BaseModel):
    agent: str
    task: str = Field(min_length=1, max_length=10000)


class Webhook(BaseModel):
    url: str = Field(regex=r"^https?://[^\s/]+")
    events: list[str] = ["agent.execution.completed"]


@app.get("/api/agents")
async def agents():
    return [dict(row) for row in await service.db.fetch("SELECT name, description, model FROM agents ORDER BY name")]


@app.post("/api/executions", status_code=202)
async def create(task: Task, claims=Depends(caller)):
    execution = await executions.enqueue(service, claims["user_id"], task.agent, task.task)
    if not execution:
        raise HTTPException(422, f"no agent is called '{task.agent}'")
    return execution


@app.get("/api/executions")
async def recent(limit: int = 20, claims=Depends(caller)):
    return [dict(row) for row in await service.db.fetch(
        """SELECT e.id, a.name AS agent, e.task, e.status, e.progress, e.created_at, e.completed_at
           FROM executions e JOIN agents a ON a.id = e.agent_id WHERE e.user_id = $1
           ORDER BY e.created_at DESC LIMIT $2""", claims["user_id"], min(limit, 100))]


@app.get("/api/executions/{execution_id}")
async def show(execution_id: UUID, claims=Depends(caller)):
    row = await service.db.fetchrow(
        """SELECT e.id, a.name AS agent, e.task, e.status, e.progress, e.output, e.error, e.created_at, e.started_at,
                  e.completed_at, coalesce(sum(c.amount_usd), 0) AS cost_usd, coalesce(sum(c.tokens), 0) AS tokens
           FROM executions e JOIN agents a ON a.id = e.agent_id LEFT JOIN costs c ON c.execution_id = e.id
           WHERE e.id = $1 AND e.user_id = $2 GROUP BY e.id, a.name""", execution_id, claims["user_id"])
    if not row:
        raise HTTPException(404, "no such execution")
    lines = await service.db.fetch("SELECT at, line FROM execution_logs WHERE execution_id = $1 ORDER BY id", execution_id)
    return {**row, "logs": [dict(line) for line in lines]}


@app.post("/api/webhooks", status_code=201)
async def add_webhook(webhook: Webhook, claims=Depends(caller)):
    key = secrets.token_hex(16)
    webhook_id = await service.db.fetchval(
        "INSERT INTO webhooks (user_id, url, events, signing_key) VALUES ($1, $2, $3, $4) RETURNING id",
        claims["user_id"], webhook.url, webhook.events, key)
    return {"id": webhook_id, "signing_key": key}


@app.get("/api/webhooks")
async def webhooks(claims=Depends(caller)):
    return [dict(row) for row in await service.db.fetch(
        """SELECT w.id, w.url, w.events, w.active,
                  (SELECT count(*) FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.status = 200) AS delivered
           FROM webhooks w WHERE user_id = $1 ORDER BY created_at""", claims["user_id"])]


@app.post("/api/workers/heartbeat", status_code=204, dependencies=[Depends(security.service_key)])
async def heartbeat():
    await service.redis.set("worker:seen", int(time.time()), ex=30)
