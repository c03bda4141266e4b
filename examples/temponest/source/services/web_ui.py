"""The pages, the figures of the dashboard, and the door to the other services' APIs."""
import asyncio
import json
import os
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app import VERSION, http, security, settings
from app.service import Service

service = Service()
app = service.app
caller = security.caller(service)

SERVICES = {name: os.environ[f"{name.upper().replace('-', '_')}_URL"]
            for name in ("agents", "scheduler", "approval-ui", "ingestion", "temporal-workers")}
SERVICES["auth"] = settings.AUTH_SERVICE_URL
BEHIND = {"auth": "auth", "agents": "agents", "executions": "agents", "webhooks": "agents", "schedules": "scheduler",
          "approvals": "approval-ui", "documents": "ingestion"}
CACHED = 5  # seconds

service.checks["auth"] = lambda: http.ask("GET", f"{settings.AUTH_SERVICE_URL}/api/status", timeout=2)


async def cached(name, query, *arguments):
    """A query's answer, from Redis when it was asked a moment ago. Versions do not read each other's."""
    key = f"cache:{VERSION}:{name}:" + ":".join(map(str, arguments))
    known = await service.redis.get(key)
    if known is None:
        known = await service.db.fetchval(query, *arguments)
        await service.redis.set(key, known, ex=CACHED)
    return json.loads(known)


def days(start, end):
    """The range asked for, whole days; the last 30 when none is."""
    today = datetime.now(timezone.utc).date()
    return (datetime.fromisoformat(start).date() if start else today - timedelta(days=30),
            datetime.fromisoformat(end).date() if end else today)


@app.get("/api/status/services")
async def services():
    answers = await asyncio.gather(*(http.ask("GET", f"{url}/api/status", timeout=2) for url in SERVICES.values()),
                                   return_exceptions=True)
    return {name: {"status": "down"} if isinstance(answer, Exception) else {"status": "up", "version": answer["version"]}
            for name, answer in zip(SERVICES, answers)}


@app.get("/api/costs/summary")
async def costs(start: str = None, end: str = None):
    return await cached("costs", """
        WITH spent AS (
            SELECT a.name AS agent, c.model, date_trunc('day', c.created_at)::date AS day, c.amount_usd, c.tokens
            FROM costs c JOIN executions e ON e.id = c.execution_id JOIN agents a ON a.id = e.agent_id
            WHERE c.created_at >= $1 AND c.created_at < $2::date + 1)
        SELECT json_build_object(
            'total_usd', (SELECT coalesce(sum(amount_usd), 0) FROM spent),
            'tokens', (SELECT coalesce(sum(tokens), 0) FROM spent),
            'by_agent', (SELECT json_object_agg(agent, usd) FROM (SELECT agent, sum(amount_usd) usd FROM spent GROUP BY 1) s),
            'by_model', (SELECT json_object_agg(model, usd) FROM (SELECT model, sum(amount_usd) usd FROM spent GROUP BY 1) s),
            'by_day', (SELECT json_object_agg(day, usd) FROM (SELECT day, sum(amount_usd) usd FROM spent GROUP BY 1) s))
        """, *days(start, end))


@app.get("/api/dashboard")
async def dashboard(start: str = None, end: str = None, _claims=Depends(caller)):
    return await cached("dashboard", """
        SELECT json_build_object(
            'executions', count(DISTINCT e.id),
            'completed', count(DISTINCT e.id) FILTER (WHERE e.status = 'completed'),
            'failed', count(DISTINCT e.id) FILTER (WHERE e.status = 'failed'),
            'total_cost_usd', coalesce(sum(c.amount_usd), 0), 'tokens', coalesce(sum(c.tokens), 0))
        FROM executions e LEFT JOIN costs c ON c.execution_id = e.id
        WHERE e.created_at >= $1 AND e.created_at < $2::date + 1""", *days(start, end))


@app.api_route("/api/{path:path}", methods=["GET", "POST", "DELETE"])
async def forward(path: str, request: Request):
    name = BEHIND.get(path.partition("/")[0])
    if not name:
        return Response('{"detail":"Not Found"}', 404, media_type="application/json")
    headers = {key: request.headers[key] for key in ("Authorization", "Content-Type", "Cookie") if key in request.headers}
    query = f"?{request.url.query}" if request.url.query else ""
    status, body = await http.raw(request.method, f"{SERVICES[name]}/api/{path}{query}", await request.body() or None, headers)
    return Response(body, status, media_type="application/json")


# ---- pages ----------------------------------------------------------------------------------------------------------

PAGE = """<!doctype html><html lang="en"><title>Temponest: {title}</title><h1>{title}</h1>{body}
<footer>Temponest {version}</footer></html>"""
FORM = """{said}<form method="post"><input name="email" type="email" required> <input name="password" type="password" required>
{more}<button>{title}</button></form>"""
AGAIN = '<input name="confirm" type="password" required> '


def page(title, body, status=200):
    return HTMLResponse(PAGE.format(title=title, body=body, version=VERSION), status)


def signed_in(token):
    answer = RedirectResponse("/dashboard", 303)
    answer.set_cookie("session", token, httponly=True, samesite="lax", max_age=security.TOKEN_LIFE)
    return answer


async def account(request, action, title, more=""):
    """A form sent: the session cookie and the dashboard, or the form again with what was wrong."""
    sent = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
    if more and sent.get("confirm") != sent.get("password"):
        return page(title, FORM.format(said="<p>The passwords differ.</p>", title=title, more=more), 422)
    status, body = await http.raw("POST", f"{settings.AUTH_SERVICE_URL}/api/auth/{action}",
                                  json.dumps({key: sent.get(key, "") for key in ("email", "password")}).encode(),
                                  {"Content-Type": "application/json"})
    if status < 300:
        return signed_in(json.loads(body)["token"])
    return page(title, FORM.format(said="<p>That did not work.</p>", title=title, more=more), status)


@app.get("/")
async def root():
    return RedirectResponse("/dashboard", 303)


@app.get("/register")
async def register_form():
    return page("Register", FORM.format(said="", title="Register", more=AGAIN))


@app.post("/register")
async def register(request: Request):
    return await account(request, "register", "Register", AGAIN)


@app.get("/login")
async def login_form():
    return page("Login", FORM.format(said="", title="Login", more=""))


@app.post("/login")
async def login(request: Request):
    return await account(request, "login", "Login")


@app.post("/logout")
async def logout(request: Request):
    await http.raw("POST", f"{settings.AUTH_SERVICE_URL}/api/auth/logout", b"", {"Cookie": request.headers.get("Cookie", "")})
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie("session")
    return answer


@app.get("/dashboard")
async def dashboard_page(request: Request):
    try:
        await caller(request)
    except HTTPException:
        return RedirectResponse("/login", 303)
    figures = await dashboard()
    rows = "".join(f"<tr><th>{name.replace('_', ' ')}<td>{value}" for name, value in figures.items())
    return page("Dashboard", f'<table>{rows}</table><form method="post" action="/logout"><button>Logout</button></form>')
