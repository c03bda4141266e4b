# `make check` sets BELAY (the program) and PLUGIN (the built file).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
openssl genpkey -algorithm ed25519 -aes256 -pass pass:open-sesame -out "$folder/key" 2>/dev/null

"$BELAY" plugin try "$PLUGIN" opens --set key="$folder/key" --set passphrase=open-sesame
if "$BELAY" plugin try "$PLUGIN" opens --set key="$folder/key" --set passphrase=open-barley >"$folder/out"; then
    echo "a wrong passphrase passed" >&2
    exit 1
fi
grep -q "openssl does not open the key" "$folder/out"
if grep -q "open-barley" "$folder/out"; then
    echo "the passphrase is shown" >&2
    exit 1
fi
