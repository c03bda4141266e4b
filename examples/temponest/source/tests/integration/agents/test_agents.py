import time

from client import AGENTS, request


def test_the_five_agents_are_listed(account):
    assert len(account.get("/api/agents").json()) == 5


def test_an_unknown_agent_is_refused(account):
    assert account.post("/api/executions", agent="Nobody", task="x").status == 422


def test_an_execution_goes_through_its_states_in_order(account):
    created = account.execute()
    assert created["status"] == "queued"
    execution, seen = account.finished(created["id"])
    order = ["queued", "running", "completed"]
    assert seen == [status for status in order if status in seen] and seen[-1] == "completed"
    assert execution["progress"] == 100 and len(execution["logs"]) == 2


def test_many_executions_complete(account):
    made = [account.execute(f"task {number}")["id"] for number in range(8)]
    assert all(account.finished(one)[0]["status"] == "completed" for one in made)


def test_an_execution_is_its_owners_alone(account):
    foreign = "00000000-0000-0000-0000-000000000000"
    assert account.get(f"/api/executions/{foreign}").status == 404


def test_a_heartbeat_needs_the_services_key():
    assert request("POST", AGENTS + "/api/workers/heartbeat").status == 403


def test_a_schedule_is_created_listed_and_run(account):
    made = account.post("/api/schedules", name="Test Hourly Task", cron="0 * * * *", agent="Developer", task="Check system health")
    assert made.status == 201, made.text
    assert [(one["name"], one["status"]) for one in account.get("/api/schedules").json()] == [("Test Hourly Task", "Active")]
    run = account.post(f"/api/schedules/{made.json()['id']}/run").json()
    assert account.finished(run["id"])[0]["status"] == "completed"


def test_a_schedule_runs_when_its_time_comes_until_it_is_removed(account):
    made = account.post("/api/schedules", name="Often", cron="@every 1s", agent="Developer", task="Check").json()
    deadline = time.monotonic() + 20
    while not (ran := account.get("/api/executions").json()):
        assert time.monotonic() < deadline, "it did not run by itself"
        time.sleep(0.1)
    assert account.finished(ran[0]["id"])[0]["status"] == "completed"
    assert account.delete(f"/api/schedules/{made['id']}").status == 204
    assert account.delete(f"/api/schedules/{made['id']}").status == 404
    assert account.get("/api/schedules").json() == []
    for execution in account.get("/api/executions").json():
        assert account.finished(execution["id"])[0]["status"] == "completed"


def test_a_wrong_cron_line_is_refused(account):
    for line in ("* * *", "61 * * * *", "x * * * *", "@every 0s", "@every 5"):
        assert account.post("/api/schedules", name="x", cron=line, agent="Developer", task="x").status == 422, line
