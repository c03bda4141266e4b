#!/bin/sh
# Runs the smoke tests against WEB_UI_URL and AGENTS_URL, from a container so that this machine needs no Python.
# Prints TAP; the exit status is 0 when every test passed. What the tests create, they remove.
set -eu
cd "$(dirname "$0")/../.."
ports=${PORTS:-$(sed -n 's/^PORTS=//p' .env)}
exec docker run --rm --network host -v "$PWD/tests:/tests:ro" \
    -e "WEB_UI_URL=${WEB_UI_URL:-http://127.0.0.1:${ports}80}" \
    -e "AGENTS_URL=${AGENTS_URL:-http://127.0.0.1:${ports}82}" \
    -e "EXPECTED_VERSION=${EXPECTED_VERSION:-$(sed -n 's/^VERSION = "\(.*\)"/\1/p' app/__init__.py)}" \
    temponest-base:1 python3 /tests/smoke.py
