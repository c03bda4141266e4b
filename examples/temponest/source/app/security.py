"""Passwords, tokens, and who is asking."""
import hashlib
import hmac
import os
import time
import uuid

import jwt
from fastapi import HTTPException, Request

from app import settings

TOKEN_LIFE = 3600  # seconds


def hash_password(password, salt=None):
    salt = salt or os.urandom(16)
    return salt.hex() + "$" + hashlib.scrypt(password.encode(), salt=salt, n=4096, r=8, p=1).hex()


def password_matches(password, stored):
    salt, _, _ = stored.partition("$")
    return hmac.compare_digest(hash_password(password, bytes.fromhex(salt)), stored)


def new_token(user_id):
    now = int(time.time())
    return jwt.encode({"sub": str(user_id), "iat": now, "exp": now + TOKEN_LIFE, "jti": uuid.uuid4().hex},
                      settings.secret("jwt_secret"), "HS256")


def signature(key, body):
    """Of a webhook's body: X-Temponest-Signature."""
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def caller(service):
    """A dependency: the claims of the token in the Authorization header or the session cookie."""
    async def claims(request: Request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token if scheme == "Bearer" else request.cookies.get("session", "")
        try:
            known = jwt.decode(token, settings.secret("jwt_secret"), ["HS256"])
        except jwt.InvalidTokenError:
            raise HTTPException(401, "log in first") from None
        if await service.redis.exists(f"revoked:{known['jti']}"):
            raise HTTPException(401, "logged out")
        return {**known, "user_id": uuid.UUID(known["sub"])}
    return claims


def service_key(request: Request):
    """A dependency: only other services may ask."""
    if not hmac.compare_digest(request.headers.get("X-API-Key", ""), settings.secret("api_keys")):
        raise HTTPException(403, "not a service of this system")
