# The tables in README.md are the plugin's own.
set -eu
"$BELAY" plugin doc "$PLUGIN" >.doc
sed -n '/^<!-- plugin doc -->$/,/^<!-- end -->$/p' README.md | sed '1d;$d' | diff - .doc ||
    { rm .doc; echo "README.md: put there what \`belay plugin doc $PLUGIN\` prints" >&2; exit 1; }
rm .doc
