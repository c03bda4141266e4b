# Completion of belay for fish. `belay --complete` knows what may stand next.
function __belay_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc) "$current"
    for line in ($words[1] --complete $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c belay -f -a '(__belay_complete)'
