# `make check` sets BELAY (the program) and PLUGIN (the built file).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$BELAY" plugin try "$PLUGIN" page --set page="$folder/page" --set text=soon
[ "$(cat "$folder/page")" = soon ]
"$BELAY" plugin try "$PLUGIN" page --set page="$folder/page" --set text=later --undo
[ "$(cat "$folder/page")" = soon ]
if "$BELAY" plugin try "$PLUGIN" page --set page="$folder/none/page" >"$folder/out"; then
    echo "a folder that is not there passed" >&2
    exit 1
fi
grep -q "No such file" "$folder/out"
