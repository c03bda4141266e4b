import asyncio
import os
import pathlib

import asyncpg
import pytest


def query(text, *arguments):
    async def run():
        connection = await asyncpg.connect(os.environ["DATABASE_URL"],
                                           password=pathlib.Path("/run/secrets/db_app_password").read_text().strip())
        try:
            return await connection.fetch(text, *arguments)
        finally:
            await connection.close()
    return asyncio.run(run())


@pytest.mark.parametrize("table", ["users", "agents", "executions", "execution_logs", "costs", "schedules", "approvals",
                                   "webhooks", "webhook_deliveries", "documents"])
def test_the_application_may_read_and_write(table):
    row = query("SELECT has_table_privilege($1, 'SELECT, INSERT') AND has_table_privilege($1, 'DELETE') AS may", table)[0]
    assert row["may"]


def test_no_index_is_invalid():
    assert query("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []


def test_every_cost_belongs_to_an_execution():
    assert query("SELECT count(*) n FROM costs c LEFT JOIN executions e ON e.id = c.execution_id WHERE e.id IS NULL")[0]["n"] == 0


def test_the_application_owns_nothing():
    assert query("SELECT relname FROM pg_class WHERE relowner = 'temponest'::regrole") == []


def test_webhooks_need_an_http_address():
    with pytest.raises(asyncpg.RaiseError):
        query("UPDATE webhooks SET url = 'ftp://example.org' WHERE id = (SELECT id FROM webhooks LIMIT 1)")
