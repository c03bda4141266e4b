"""Approvals that agents ask for."""
from uuid import UUID

from fastapi import Depends, HTTPException
from pydantic import BaseModel, Field

from app import security
from app.service import Service

service = Service()
app = service.app
caller = security.caller(service)


class Request(BaseModel):
    execution_id: UUID
    question: str = Field(min_length=1)


@app.post("/api/approvals", status_code=201)
async def ask(request: Request, claims=Depends(caller)):
    approval_id = await service.db.fetchval(
        """INSERT INTO approvals (execution_id, question) SELECT id, $3 FROM executions WHERE id = $1 AND user_id = $2
           RETURNING id""", request.execution_id, claims["user_id"], request.question)
    if not approval_id:
        raise HTTPException(404, "no such execution")
    return {"id": approval_id, "status": "pending"}


@app.get("/api/approvals")
async def pending(claims=Depends(caller)):
    return [dict(row) for row in await service.db.fetch(
        """SELECT p.id, p.execution_id, p.question, p.status FROM approvals p JOIN executions e ON e.id = p.execution_id
           WHERE e.user_id = $1 AND p.status = 'pending' ORDER BY p.id""", claims["user_id"])]


@app.post("/api/approvals/{approval_id}/{decision}")
async def decide(approval_id: int, decision: str, claims=Depends(caller)):
    if decision not in ("approve", "reject"):
        raise HTTPException(422, "approve or reject")
    row = await service.db.fetchrow(
        """UPDATE approvals p SET status = $3, decided_at = now() FROM executions e
           WHERE p.id = $1 AND e.id = p.execution_id AND e.user_id = $2 AND p.status = 'pending' RETURNING p.id, p.status""",
        approval_id, claims["user_id"], "approved" if decision == "approve" else "rejected")
    if not row:
        raise HTTPException(404, "nothing to decide")
    return dict(row)
