#compdef belay
# Completion of belay for zsh. `belay --complete` knows what may stand next.
_belay() {
    local line value
    local -a found plain open
    found=("${(@f)$("${words[1]}" --complete "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    for line in $found; do
        value=${${line%%$'\t'*}//:/\\:}
        if [[ $line == :files ]]; then
            if compset -P '*='; then _files; else _files; fi
        elif [[ $value == *[=.] ]]; then
            open+=("$value:${line#*$'\t'}")
        elif [[ $line == *$'\t'* ]]; then
            plain+=("$value:${line#*$'\t'}")
        else
            plain+=("$value")
        fi
    done
    (( $#plain )) && _describe -V belay plain
    (( $#open )) && _describe -V option open -S ''
    return 0
}
if [[ ${funcstack[1]} == _belay ]]; then _belay "$@"; else compdef _belay belay; fi
