# `make check` sets BELAY (the program) and PLUGIN (the built file).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
log=case/a-log/world/shop.log

"$BELAY" plugin try "$PLUGIN" count --set file="$log" --set fail_if='share > 50' >"$folder/out"
grep -q "lines/ERROR" "$folder/out"
grep -q "the cache is cold" "$folder/out"
if "$BELAY" plugin try "$PLUGIN" count --set file="$log" --set fail_if='lines/ERROR > 0' >"$folder/out"; then
    echo "a log with an error passed" >&2
    exit 1
fi
: >"$folder/empty"
if "$BELAY" plugin try "$PLUGIN" count --set file="$folder/empty" >"$folder/out"; then
    echo "a log without lines passed" >&2
    exit 1
fi
grep -q "the log is empty" "$folder/out"
