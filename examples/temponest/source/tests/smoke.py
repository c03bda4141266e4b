"""Smoke tests: is the system up, of the right version, and does its main path work? Prints TAP, needs no pytest."""
import os
import sys

from client import AGENTS, WEB_UI, Account, request

VERSION = os.environ["EXPECTED_VERSION"]


def web_ui_is_healthy():
    answer = request("GET", WEB_UI + "/health")
    assert answer.status == 200, answer.text


def agents_are_healthy():
    answer = request("GET", AGENTS + "/health")
    assert answer.status == 200, answer.text


def every_service_runs_the_version():
    services = request("GET", WEB_UI + "/api/status/services").json()
    wrong = {name: state for name, state in services.items() if state.get("version") != VERSION}
    assert len(services) == 6 and not wrong, f"not {VERSION}: {wrong}"


def pages_answer():
    for page in ("/login", "/register"):
        assert request("GET", WEB_UI + page).status == 200, page


def strangers_are_refused():
    assert request("GET", WEB_UI + "/api/executions").status == 401


def costs_add_up():
    costs = request("GET", WEB_UI + "/api/costs/summary").json()
    assert costs["total_usd"] > 0, costs
    assert abs(sum(costs["by_agent"].values()) - costs["total_usd"]) < 0.01, "the agents' costs are not the total"


def an_execution_completes():
    with Account() as account:
        execution, _ = account.finished(account.execute()["id"])
        assert execution["status"] == "completed", execution
        assert execution["output"] and execution["cost_usd"] > 0, execution


def the_dashboard_has_figures():
    with Account() as account:
        figures = account.get("/api/dashboard").json()
        assert figures["executions"] > 0 and figures["tokens"] > 0, figures


def metrics_are_there():
    assert "http_requests_total{" in request("GET", WEB_UI + "/metrics").text


TESTS = [web_ui_is_healthy, agents_are_healthy, every_service_runs_the_version, pages_answer, strangers_are_refused,
         costs_add_up, an_execution_completes, the_dashboard_has_figures, metrics_are_there]

if __name__ == "__main__":
    print(f"1..{len(TESTS)}")
    failed = 0
    for number, test in enumerate(TESTS, start=1):
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {number} - {name}")
        except Exception as error:
            failed += 1
            print(f"not ok {number} - {name}\n# {type(error).__name__}: {error}")
    sys.exit(min(failed, 1))
