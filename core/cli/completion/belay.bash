# Completion of belay for bash. `belay --complete` knows what may stand next.
# shellcheck shell=bash
_belay() {
    local word line value cur words=() found=()
    # bash takes words apart at '=' and ':'; here they are put together again.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ ${#words[@]} -gt 0 && -n $word && ($word == [=:]* || ${words[-1]} == *[=:]) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
    cur=${words[-1]-}
    mapfile -t found < <("${COMP_WORDS[0]}" --complete "${words[@]}" 2>/dev/null)
    COMPREPLY=()
    for line in "${found[@]}"; do
        value=${line%%$'\t'*}
        if [[ $value == :files ]]; then
            compopt -o filenames
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${cur##*=}")
            continue
        fi
        if [[ $value == *[=.] ]]; then compopt -o nospace; fi
        # Only what stands behind the last '=' or ':' takes the place of the word.
        if [[ $cur == *[=:]* ]]; then value=${value#"${cur%"${cur##*[=:]}"}"}; fi
        COMPREPLY+=("$value")
    done
}
complete -F _belay belay
