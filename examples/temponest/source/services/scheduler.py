"""Schedules: created, listed, run now, and run when their time comes."""
import asyncio
from datetime import datetime, timezone
from uuid import UUID

from fastapi import Depends, HTTPException
from pydantic import BaseModel, Field

from app import cron, executions, security
from app.service import Service

service = Service()
app = service.app
caller = security.caller(service)


class Schedule(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    cron: str
    agent: str
    task: str


@app.post("/api/schedules", status_code=201)
async def create(schedule: Schedule, claims=Depends(caller)):
    try:
        next_run = cron.next_after(schedule.cron, datetime.now(timezone.utc))
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    row = await service.db.fetchrow(
        """INSERT INTO schedules (user_id, agent_id, name, cron, task, next_run_at)
           SELECT $1, id, $2, $3, $5, $6 FROM agents WHERE name = $4 RETURNING id, name, status, next_run_at""",
        claims["user_id"], schedule.name, schedule.cron, schedule.agent, schedule.task, next_run)
    if not row:
        raise HTTPException(422, f"no agent is called '{schedule.agent}'")
    return dict(row)


@app.get("/api/schedules")
async def schedules(claims=Depends(caller)):
    return [dict(row) for row in await service.db.fetch(
        """SELECT s.id, s.name, s.cron, a.name AS agent, s.status, s.next_run_at, s.last_run_at
           FROM schedules s JOIN agents a ON a.id = s.agent_id WHERE s.user_id = $1 ORDER BY s.created_at""",
        claims["user_id"])]


@app.post("/api/schedules/{schedule_id}/run", status_code=202)
async def run_now(schedule_id: UUID, claims=Depends(caller)):
    row = await service.db.fetchrow("SELECT id, cron, next_run_at FROM schedules WHERE id = $1 AND user_id = $2",
                                    schedule_id, claims["user_id"])
    if not row:
        raise HTTPException(404, "no such schedule")
    return await run(row["id"], row["next_run_at"])


@app.delete("/api/schedules/{schedule_id}", status_code=204)
async def remove(schedule_id: UUID, claims=Depends(caller)):
    if not await service.db.fetchval("DELETE FROM schedules WHERE id = $1 AND user_id = $2 RETURNING id",
                                     schedule_id, claims["user_id"]):
        raise HTTPException(404, "no such schedule")


async def run(schedule_id, next_run):
    row = await service.db.fetchrow(
        """UPDATE schedules s SET last_run_at = now(), next_run_at = $2 FROM agents a
           WHERE s.id = $1 AND a.id = s.agent_id RETURNING s.user_id, a.name, s.task""", schedule_id, next_run)
    if row:  # nobody removed it meanwhile
        return await executions.enqueue(service, row["user_id"], row["name"], row["task"], schedule_id)


async def run_due():
    for row in await service.db.fetch("SELECT id, cron FROM schedules WHERE status = 'Active' AND next_run_at <= now()"):
        await run(row["id"], cron.next_after(row["cron"], datetime.now(timezone.utc)))
    await asyncio.sleep(1)


service.background.append(run_due)
