"""The critical flows, as a person's browser would do them."""
import hashlib
import hmac
import json
import threading
import uuid
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import quote

import pytest

from client import WEB_UI, request


@pytest.fixture
def listener():
    """A place for webhooks: on the machine's own side of the containers' network."""
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    received = []
    server = HTTPServer(("", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, received
    server.shutdown()


def test_register_dashboard_logout_login():
    email, password = f"test-{uuid.uuid4().hex}@example.org", uuid.uuid4().hex
    form = f"email={quote(email)}&password={password}"
    assert request("POST", WEB_UI + "/register", form=form + "&confirm=different").status == 422
    answer = request("POST", WEB_UI + "/register", form=f"{form}&confirm={password}")
    assert (answer.status, answer.headers["Location"]) == (303, "/dashboard")
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    try:
        assert "total cost" in request("GET", WEB_UI + "/dashboard", cookie=cookie).text
        answer = request("POST", WEB_UI + "/logout", cookie=cookie, form="")
        assert (answer.status, answer.headers["Location"]) == (303, "/login")
        assert request("GET", WEB_UI + "/dashboard", cookie=cookie).headers["Location"] == "/login"
    finally:
        answer = request("POST", WEB_UI + "/login", form=form)
        assert answer.status == 303
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        assert request("DELETE", WEB_UI + "/api/auth/me", cookie=cookie).status == 204


def test_the_dashboard_filters_by_date(account):
    week = account.get(f"/api/dashboard?start={date.today() - timedelta(days=7)}&end={date.today()}").json()
    month = account.get("/api/dashboard").json()
    assert 0 < week["executions"] < month["executions"]


def test_costs_are_shown_by_agent_model_and_day(account):
    costs = account.get("/api/costs/summary").json()
    assert len(costs["by_agent"]) == 5 and len(costs["by_model"]) == 3 and len(costs["by_day"]) > 20


def test_a_webhook_hears_of_a_completed_execution(account, listener):
    port, received = listener
    made = account.post("/api/webhooks", url=f"http://host.docker.internal:{port}/hook").json()
    execution, _ = account.finished(account.execute()["id"])
    for _ in range(100):
        if received:
            break
        threading.Event().wait(0.05)
    (headers, body), = received
    assert headers["X-Temponest-Event"] == "agent.execution.completed"
    expected = "sha256=" + hmac.new(made["signing_key"].encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Temponest-Signature"] == expected
    assert json.loads(body)["execution_id"] == execution["id"]


def test_a_document_is_found_again(account):
    made = account.post("/api/documents", title="Runbook", text="how to restart").json()
    assert made["id"] in [hit["id"] for hit in account.get("/api/documents/search?q=restart").json()]


def test_an_approval_is_decided(account):
    execution = account.execute()
    asked = account.post("/api/approvals", execution_id=execution["id"], question="Go?").json()
    assert [one["id"] for one in account.get("/api/approvals").json()] == [asked["id"]]
    assert account.post(f"/api/approvals/{asked['id']}/approve").json()["status"] == "approved"
    assert account.get("/api/approvals").json() == []
    account.finished(execution["id"])
