# `make check` sets BELAY (the program) and PLUGIN (the built file).
set -eu
"$BELAY" plugin try "$PLUGIN" free --set path=/ --set fail_if='free < 0' | grep -q "free"
if "$BELAY" plugin try "$PLUGIN" free --set path=/ --set fail_if='free <= 100' >/dev/null; then
    echo "a file system without free inodes passed" >&2
    exit 1
fi
if "$BELAY" plugin try "$PLUGIN" free --set path=/none >.out; then
    echo "a path that is not there passed" >&2
    exit 1
fi
grep -q "No such file" .out
rm .out
