#!/bin/sh
# Runs one test suite with pytest in a container; its JUnit report is reports/NAME.xml.
#   test.sh integration/database | integration/agents | integration/auth | e2e
set -eu
cd "$(dirname "$0")/.."
ports=${PORTS:-$(sed -n 's/^PORTS=//p' .env)}
suite=${1:?which suite? integration/database, integration/agents, integration/auth or e2e}
mkdir -p reports
exec docker run --rm --network host --user "$(id -u):$(id -g)" \
    -v "$PWD/tests:/tests:ro" -v "$PWD/reports:/reports" \
    -v "$PWD/secrets/db_app_password:/run/secrets/db_app_password:ro" \
    -e "WEB_UI_URL=${WEB_UI_URL:-http://127.0.0.1:${ports}80}" \
    -e "AGENTS_URL=${AGENTS_URL:-http://127.0.0.1:${ports}82}" \
    -e "DATABASE_URL=postgresql://temponest@127.0.0.1:${ports}32/agentic_staging" \
    -w /tests temponest-base:1 python3 -m pytest -q --tb=short -p no:cacheprovider \
    --junitxml="/reports/$(echo "$suite" | tr / -).xml" "$suite"
