"""What all tests share: requests to the published ports, and an account that goes away with all it owns."""
import json
import os
import time
import urllib.error
import urllib.request
import uuid

WEB_UI = os.environ.get("WEB_UI_URL", "http://127.0.0.1:18080")
AGENTS = os.environ.get("AGENTS_URL", "http://127.0.0.1:18082")


class Answer:
    def __init__(self, status, text, headers):
        self.status, self.text, self.headers = status, text, headers

    def json(self):
        return json.loads(self.text)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirect)


def request(method, url, body=None, token=None, form=None, cookie=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if cookie:
        headers["Cookie"] = cookie
    data = form.encode() if form is not None else None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    try:
        with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=10) as answer:
            return Answer(answer.status, answer.read().decode(), answer.headers)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(), error.headers)


class Account:
    """A new account; leaving the block removes it and everything that it made."""

    def __init__(self):
        self.email, self.password = f"test-{uuid.uuid4().hex}@example.org", uuid.uuid4().hex
        self.token = None

    def __enter__(self):
        answer = self.post("/api/auth/register", email=self.email, password=self.password)
        assert answer.status == 201, f"register answered {answer.status}: {answer.text}"
        self.token = answer.json()["token"]
        return self

    def __exit__(self, *_):
        self.token = self.post("/api/auth/login", email=self.email, password=self.password).json()["token"]
        assert self.delete("/api/auth/me").status == 204, "the account could not be removed"

    def get(self, path):
        return request("GET", WEB_UI + path, token=self.token)

    def post(self, path, **body):
        return request("POST", WEB_UI + path, body, token=self.token)

    def delete(self, path):
        return request("DELETE", WEB_UI + path, token=self.token)

    def execute(self, task="Create a simple Python function", agent="Developer"):
        answer = self.post("/api/executions", agent=agent, task=task)
        assert answer.status == 202, f"create answered {answer.status}: {answer.text}"
        return answer.json()

    def finished(self, execution_id, limit=20):
        """Polls until the execution ended; gives it and the statuses seen on the way."""
        seen, deadline = [], time.monotonic() + limit
        while time.monotonic() < deadline:
            execution = self.get(f"/api/executions/{execution_id}").json()
            if not seen or seen[-1] != execution["status"]:
                seen.append(execution["status"])
            if execution["status"] in ("completed", "failed"):
                return execution, seen
            time.sleep(0.05)
        raise AssertionError(f"execution {execution_id} did not end within {limit} s; seen: {seen}")
