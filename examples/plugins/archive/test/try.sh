# `make check` sets BELAY (the program) and PLUGIN (the built file).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/shop"
seq 20000 >"$folder/shop/numbers"
tar -C "$folder" -czf "$folder/good.tar.gz" shop
head -c 20000 "$folder/good.tar.gz" >"$folder/cut.tar.gz"
tar -C "$folder/shop" -cPf "$folder/escapes.tar" ../shop/numbers

"$BELAY" plugin try "$PLUGIN" intact --set file="$folder/good.tar.gz"
for bad in cut.tar.gz escapes.tar shop/numbers none; do
    if "$BELAY" plugin try "$PLUGIN" intact --set file="$folder/$bad" >"$folder/$(basename $bad).out"; then
        echo "$bad passed" >&2
        exit 1
    fi
done
grep -q "truncated" "$folder/cut.tar.gz.out"
grep -q "leads out of the folder" "$folder/escapes.tar.out"
grep -q "Unrecognized archive format" "$folder/numbers.out"
