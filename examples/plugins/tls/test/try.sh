# `make check` sets BELAY (the program) and PLUGIN (the built file). The tests against servers are tests/e2e/tls.c.
set -eu
if "$BELAY" plugin try "$PLUGIN" certificate --set targets=localhost >.out; then
    echo "a target without a port passed" >&2
    exit 1
fi
grep -q "this is no HOST:PORT" .out
rm .out
