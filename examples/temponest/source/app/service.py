"""A service: connections at start, work in the background, /health, /metrics and /api/status."""
import asyncio
import contextlib
import logging
import time

import asyncpg
import redis.asyncio
from fastapi import FastAPI, Response

from app import VERSION, settings
from app.metrics import Metrics

logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
log = logging.getLogger(settings.SERVICE)

START_LIMIT = 60  # seconds for PostgreSQL and Redis to answer


async def patiently(what, connect):
    """Connects, trying again while the other side is still starting."""
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            result = await connect()
            log.info("%s", what)
            return result
        except (OSError, asyncpg.PostgresError, redis.RedisError) as error:
            if time.monotonic() > deadline:
                raise
            log.warning("not yet connected: %s", error)
            await asyncio.sleep(0.25)


class Service:
    """Holds the FastAPI application and the connections. `checks` are further health checks, name -> coroutine function;
    `background` are coroutine functions that run as long as the service does."""

    def __init__(self):
        self.app = FastAPI(title=f"temponest-{settings.SERVICE}", version=VERSION)
        self.metrics = Metrics(settings.SERVICE)
        self.checks, self.background, self.tasks = {}, [], []
        self.db = self.redis = None
        self.started = time.time()
        self.app.add_middleware(self.metrics.middleware)
        self.app.add_event_handler("startup", self.start)
        self.app.add_event_handler("shutdown", self.stop)
        self.app.get("/health")(self.health)
        self.app.get("/metrics")(self.metrics_text)
        self.app.get("/api/status")(self.status)

    async def start(self):
        self.db = await patiently("Database connection successful", lambda: asyncpg.create_pool(
            settings.DATABASE_URL, password=settings.secret("db_app_password"), min_size=1, max_size=5,
            server_settings={"application_name": settings.SERVICE}))
        self.redis = await patiently("Redis connected", self.connect_redis)
        self.tasks = [asyncio.create_task(self.forever(work)) for work in self.background]

    async def connect_redis(self):
        client = redis.asyncio.from_url(settings.REDIS_URL, password=settings.secret("redis_password"), decode_responses=True)
        await client.ping()
        return client

    async def forever(self, work):
        while True:
            try:
                await work()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, redis.RedisError) as error:
                log.warning("%s will be tried again: %s", work.__name__, error)
                await asyncio.sleep(1)

    async def stop(self):
        for task in self.tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.redis.close()
        self.db.terminate()

    async def health(self, response: Response):
        checks = {"database": lambda: self.db.fetchval("SELECT 1"), "redis": self.redis.ping, **self.checks}
        results = dict(zip(checks, await asyncio.gather(*(self.passes(check) for check in checks.values()))))
        healthy = all(result == "ok" for result in results.values())
        response.status_code = 200 if healthy else 503
        return {"status": "healthy" if healthy else "unhealthy", "service": settings.SERVICE, "version": VERSION,
                "checks": results}

    @staticmethod
    async def passes(check):
        try:
            await asyncio.wait_for(check(), 2)
            return "ok"
        except Exception as error:  # whatever a dependency does wrong is an answer, not a crash
            return f"{type(error).__name__}: {error}"

    async def metrics_text(self):
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def status(self):
        return {"service": settings.SERVICE, "version": VERSION, "uptime_seconds": round(time.time() - self.started, 1)}
