"""Accounts and tokens."""
import time

from fastapi import Depends, HTTPException
from pydantic import BaseModel, Field

from app import security
from app.service import Service

service = Service()
app = service.app
caller = security.caller(service)


class Credentials(BaseModel):
    email: str = Field(regex=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)
    password: str = Field(min_length=8, max_length=200)


@app.post("/api/auth/register", status_code=201)
async def register(who: Credentials):
    user_id = await service.db.fetchval(
        "INSERT INTO users (email, password_hash) VALUES (lower($1), $2) ON CONFLICT DO NOTHING RETURNING id",
        who.email, security.hash_password(who.password))
    if not user_id:
        raise HTTPException(409, "this address has an account")
    return {"id": user_id, "token": security.new_token(user_id)}


@app.post("/api/auth/login")
async def login(who: Credentials):
    row = await service.db.fetchrow("SELECT id, password_hash FROM users WHERE email = lower($1)", who.email)
    if not row or not security.password_matches(who.password, row["password_hash"]):
        raise HTTPException(401, "wrong address or password")
    return {"token": security.new_token(row["id"]), "expires_in": security.TOKEN_LIFE}


@app.post("/api/auth/logout", status_code=204)
async def logout(claims=Depends(caller)):
    await service.redis.set(f"revoked:{claims['jti']}", 1, ex=max(1, claims["exp"] - int(time.time())))


@app.get("/api/auth/me")
async def me(claims=Depends(caller)):
    row = await service.db.fetchrow("SELECT id, email, created_at FROM users WHERE id = $1", claims["user_id"])
    if not row:
        raise HTTPException(404, "no such account")
    return dict(row)


@app.delete("/api/auth/me", status_code=204)
async def delete_account(claims=Depends(caller)):
    """Removes the account and everything it owns."""
    await service.db.execute("DELETE FROM users WHERE id = $1", claims["user_id"])
