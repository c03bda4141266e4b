# `make check` sets BELAY (the program) and PLUGIN (the built file).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir "$folder/empty" "$folder/full"
if "$BELAY" plugin try "$PLUGIN" files --set folder="$folder/empty" >"$folder/out"; then
    echo "a backup without files passed" >&2
    exit 1
fi
head -c 3000 /dev/zero >"$folder/full/dump"
"$BELAY" plugin try "$PLUGIN" files --set folder="$folder/full" >"$folder/out"
grep -q "3\.0 kB" "$folder/out"
if "$BELAY" plugin try "$PLUGIN" files --set folder="$folder/none" >"$folder/out"; then
    echo "a folder that is not there passed" >&2
    exit 1
fi
grep -q "No such file" "$folder/out"
