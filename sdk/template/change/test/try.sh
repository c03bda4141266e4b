# The change is made and taken back. `make check` sets BELAY (the program) and PLUGIN (the built file).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ln -s v1 "$folder/current"

"$BELAY" plugin try "$PLUGIN" link --set link="$folder/current" --set to=v2
[ "$(readlink "$folder/current")" = v2 ]
"$BELAY" plugin try "$PLUGIN" link --set link="$folder/current" --set to=v3 --undo
[ "$(readlink "$folder/current")" = v2 ]
touch "$folder/file"
"$BELAY" plugin try "$PLUGIN" link --set link="$folder/file" --set to=v3 >"$folder/out" &&
    { echo "a file passed for a link" >&2; exit 1; }
grep -q "no symbolic link" "$folder/out"
