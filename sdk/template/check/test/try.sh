# The check says what is so. `make check` sets BELAY (the program) and PLUGIN (the built file).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf hello >"$folder/file"

"$BELAY" plugin try "$PLUGIN" file --set path="$folder/file"
"$BELAY" plugin try "$PLUGIN" file --set path="$folder/file" --set fail_if='size > 4B' >"$folder/out" &&
    { echo "a file that is too large passed" >&2; exit 1; }
"$BELAY" plugin try "$PLUGIN" file --set path="$folder/none" >"$folder/out" &&
    { echo "a file that is missing passed" >&2; exit 1; }
grep -q "No such file" "$folder/out"
