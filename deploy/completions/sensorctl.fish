# fish completion for sensorctl. Written by `sensorctl completion fish`.

# The words that are neither options nor values of options.
function __sensorctl_words
    set -l skip 0
    for token in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $token
            case --config --data-dir --interval --step --bundle --since --until --gateway --sensor --metric --limit --lines -n --width --height --state --note --bus --rounds --address --destination --reason --output --seq --from --keep --file
                set skip 1
            case '-*'
            case help
            case '*'
                echo $token
        end
    end
end

function __sensorctl_is
    set -l now (string join ' ' -- (__sensorctl_words))
    test "$now" = "$argv"
end

function __sensorctl_in
    set -l now (string join ' ' -- (__sensorctl_words))
    string match -q -- "$argv*" "$now"
end

complete -c sensorctl -f
complete -c sensorctl -n '__sensorctl_is' -a help -d 'what a command does, with examples'
complete -c sensorctl -n '__sensorctl_is' -a status -d 'say whether all is well: programs, breakers, backlog, store (exits with 1 if not)'
complete -c sensorctl -n '__sensorctl_is' -a why -d 'say in words why readings are, or are not, being delivered'
complete -c sensorctl -n '__sensorctl_is' -a doctor -d 'examine the machine and the installation: what is wrong, and which command mends it'
complete -c sensorctl -n '__sensorctl_is' -a readings -d 'print stored readings, the oldest first'
complete -c sensorctl -n '__sensorctl_is' -a tail -d 'show readings as they are stored, until Ctrl-C'
complete -c sensorctl -n '__sensorctl_is' -a chart -d 'plot what a sensor measured, in the terminal'
complete -c sensorctl -n '__sensorctl_is' -a gaps -d 'name what the store lacks, by seqs and by times, and why'
complete -c sensorctl -n '__sensorctl_is' -a verify -d 'compare the outbox with what each destination has stored, and send again what it lost'
complete -c sensorctl -n '__sensorctl_is' -a drill -d 'rehearse a failure in a sandbox: what is promised, and what happens (about a minute)'
complete -c sensorctl -n '__sensorctl_is' -a tickets -d 'tickets list, show, ack, diagnose, hold, release, resolve, watch'
complete -c sensorctl -n '__sensorctl_is' -a notify -d 'notify test'
complete -c sensorctl -n '__sensorctl_is' -a sensors -d 'sensors scan, list, read, check-driver'
complete -c sensorctl -n '__sensorctl_is' -a breaker -d 'breaker show, hold, release'
complete -c sensorctl -n '__sensorctl_is' -a outbox -d 'outbox stat, peek, export, import, compact'
complete -c sensorctl -n '__sensorctl_is' -a dead -d 'dead list, show, redrive, drop'
complete -c sensorctl -n '__sensorctl_is' -a backup -d 'backup create, verify, restore'
complete -c sensorctl -n '__sensorctl_is' -a token -d 'token add, list, revoke'
complete -c sensorctl -n '__sensorctl_is' -a support -d 'support bundle'
complete -c sensorctl -n '__sensorctl_is' -a config -d 'config check, show, set, sample'
complete -c sensorctl -n '__sensorctl_is' -a completion -d 'print the completion for a shell (the installer has put it in place)'
complete -c sensorctl -n '__sensorctl_is tickets' -a list -d 'what is wrong, the worst first'
complete -c sensorctl -n '__sensorctl_is tickets' -a show -d 'all that is known about one ticket, and what to do'
complete -c sensorctl -n '__sensorctl_is tickets' -a ack -d 'say that somebody is looking after it'
complete -c sensorctl -n '__sensorctl_is tickets' -a diagnose -d 'say what was found out about it'
complete -c sensorctl -n '__sensorctl_is tickets' -a hold -d 'keep it from being resolved by itself'
complete -c sensorctl -n '__sensorctl_is tickets' -a release -d 'end a hold; if all is well, it is resolved at once'
complete -c sensorctl -n '__sensorctl_is tickets' -a resolve -d 'say that it is over; found again, it is a new ticket'
complete -c sensorctl -n '__sensorctl_is tickets' -a watch -d 'tell of each ticket as it opens, changes and is resolved, until Ctrl-C'
complete -c sensorctl -n '__sensorctl_is notify' -a test -d 'send a message on each channel of notifications, or on one, and say what came back'
complete -c sensorctl -n '__sensorctl_is sensors' -a scan -d 'look for sensors: I2C buses, kernel drivers, 1-Wire; and print a configuration for them'
complete -c sensorctl -n '__sensorctl_is sensors' -a list -d 'the configured sources, their sensors, last values and state'
complete -c sensorctl -n '__sensorctl_is sensors' -a read -d 'read a source (or one of its sensors) now, as it is configured; exits with 1 if it gives nothing'
complete -c sensorctl -n '__sensorctl_is sensors' -a check-driver -d 'try a driver of your own against all that a driver promises'
complete -c sensorctl -n '__sensorctl_is breaker' -a show -d 'the state of each breaker, and what it did lately'
complete -c sensorctl -n '__sensorctl_is breaker' -a hold -d 'deliver nothing until it is released; readings are kept meanwhile'
complete -c sensorctl -n '__sensorctl_is breaker' -a release -d 'end a hold: the next delivery is tried at once'
complete -c sensorctl -n '__sensorctl_is outbox' -a stat -d 'how much the outbox holds, for whom, and how long it lasts'
complete -c sensorctl -n '__sensorctl_is outbox' -a peek -d 'the readings that are sent next, the oldest first'
complete -c sensorctl -n '__sensorctl_is outbox' -a export -d 'print every reading of the outbox, one JSON object a line'
complete -c sensorctl -n '__sensorctl_is outbox' -a import -d 'send the readings of an export to the destinations, each once'
complete -c sensorctl -n '__sensorctl_is outbox' -a compact -d 'give unused room of the outbox back to the disk, at once'
complete -c sensorctl -n '__sensorctl_is dead' -a list -d 'readings that a destination will never take, the latest first'
complete -c sensorctl -n '__sensorctl_is dead' -a show -d 'all that is known about one dead letter'
complete -c sensorctl -n '__sensorctl_is dead' -a redrive -d 'send dead letters once more, under their own identity'
complete -c sensorctl -n '__sensorctl_is dead' -a drop -d 'delete dead letters for good (with --yes)'
complete -c sensorctl -n '__sensorctl_is backup' -a create -d 'copy outbox and store to a safe place, also while the programs run'
complete -c sensorctl -n '__sensorctl_is backup' -a verify -d 'read all of a backup and say whether it is sound'
complete -c sensorctl -n '__sensorctl_is backup' -a restore -d 'put a backup in the place of outbox or store; what was there is kept aside'
complete -c sensorctl -n '__sensorctl_is token' -a add -d 'let another gateway deliver here: prints its token, this once'
complete -c sensorctl -n '__sensorctl_is token' -a list -d 'the gateways that may deliver from other machines'
complete -c sensorctl -n '__sensorctl_is token' -a revoke -d 'let a gateway deliver no more; it keeps its readings'
complete -c sensorctl -n '__sensorctl_is support' -a bundle -d 'put findings, journal and states into one file for somebody who helps, with secrets masked'
complete -c sensorctl -n '__sensorctl_is config' -a check -d 'say everything that is wrong with a configuration'
complete -c sensorctl -n '__sensorctl_is config' -a show -d 'print the settings that hold, and where each comes from'
complete -c sensorctl -n '__sensorctl_is config' -a set -d 'change one setting in the configuration file; comments stay, and a mistake changes nothing'
complete -c sensorctl -n '__sensorctl_is config' -a sample -d 'print a configuration file with every setting explained'
complete -c sensorctl -n '__sensorctl_in status' -l watch -d 'a live view, until q or Ctrl-C; into a pipe, one report after the other'
complete -c sensorctl -n '__sensorctl_in status' -l interval -d 'with --watch: look this often (default 2s)' -r
complete -c sensorctl -n '__sensorctl_in doctor' -l step -d 'only one part: config, data, disk, clock, systemd, memory, power, i2c, api, network (else all)' -r -a 'config data disk clock systemd memory power i2c api network all'
complete -c sensorctl -n '__sensorctl_in doctor' -l bundle -d 'put findings, journal and states into this .tar.gz, with secrets masked' -r -F
complete -c sensorctl -n '__sensorctl_in doctor' -l check -d 'one line and the exit codes of a Nagios plugin: 0, 1, 2 or 3'
complete -c sensorctl -n '__sensorctl_in readings' -l since -d 'from then on: 5m, 2h, 7d ago, or an ISO time (default 1h)' -r
complete -c sensorctl -n '__sensorctl_in readings' -l until -d 'up to then (default: now and later)' -r
complete -c sensorctl -n '__sensorctl_in readings' -l gateway -d 'only of this gateway' -r
complete -c sensorctl -n '__sensorctl_in readings' -l sensor -d 'only of this sensor' -r
complete -c sensorctl -n '__sensorctl_in readings' -l metric -d 'only of this metric' -r
complete -c sensorctl -n '__sensorctl_in readings' -l limit -d 'at most so many' -r
complete -c sensorctl -n '__sensorctl_in readings' -l raw -d 'of calibrated readings, also what the sensor gave'
complete -c sensorctl -n '__sensorctl_in tail' -l lines -d 'begin with the last N (default 10)' -r
complete -c sensorctl -n '__sensorctl_in tail' -l gateway -d 'only of this gateway' -r
complete -c sensorctl -n '__sensorctl_in tail' -l sensor -d 'only of this sensor' -r
complete -c sensorctl -n '__sensorctl_in tail' -l metric -d 'only of this metric' -r
complete -c sensorctl -n '__sensorctl_in tail' -l no-follow -d 'only the last ones, and end'
complete -c sensorctl -n '__sensorctl_in chart' -l since -d 'from then on: 5m, 2h, 7d ago, or an ISO time (default 24h)' -r
complete -c sensorctl -n '__sensorctl_in chart' -l until -d 'up to then (default: now)' -r
complete -c sensorctl -n '__sensorctl_in chart' -l gateway -d 'only of this gateway' -r
complete -c sensorctl -n '__sensorctl_in chart' -l width -d 'columns (default: as wide as the terminal)' -r
complete -c sensorctl -n '__sensorctl_in chart' -l height -d 'rows (default 12)' -r
complete -c sensorctl -n '__sensorctl_in chart' -l ascii -d 'only ASCII, for terminals that show no more'
complete -c sensorctl -n '__sensorctl_in gaps' -l since -d 'from then on: 2h, 7d ago, or an ISO time (default 7d)' -r
complete -c sensorctl -n '__sensorctl_in verify' -l dry-run -d 'only say what is different'
complete -c sensorctl -n '__sensorctl_in drill' -l keep -d 'keep the sandbox, also when every promise was kept'
complete -c sensorctl -n '__sensorctl_is drill' -a 'api-down power-cut disk-full clock-jump sensor-stuck'
complete -c sensorctl -n '__sensorctl_in tickets list' -l all -d 'those that are resolved, too; the newest first'
complete -c sensorctl -n '__sensorctl_in tickets list' -l state -d 'only these: open, acknowledged, diagnosed, resolved' -r -a 'open acknowledged diagnosed resolved'
complete -c sensorctl -n '__sensorctl_in tickets list' -l since -d 'only those that were seen since: 5m, 2h, 7d ago, or an ISO time' -r
complete -c sensorctl -n '__sensorctl_in tickets list' -l limit -d 'at most so many (default 100, at most 2000)' -r
complete -c sensorctl -n '__sensorctl_in tickets ack' -l note -d 'why, for whoever looks later' -r
complete -c sensorctl -n '__sensorctl_in tickets diagnose' -l note -d 'what it is' -r
complete -c sensorctl -n '__sensorctl_in tickets hold' -l note -d 'why, for whoever looks later' -r
complete -c sensorctl -n '__sensorctl_in tickets release' -l note -d 'why, for whoever looks later' -r
complete -c sensorctl -n '__sensorctl_in tickets resolve' -l note -d 'why, for whoever looks later' -r
complete -c sensorctl -n '__sensorctl_in sensors scan' -l bus -d 'only ask on /dev/i2c-N, whatever bus that is' -r
complete -c sensorctl -n '__sensorctl_in sensors read' -l watch -d 'again and again, at its interval, until Ctrl-C'
complete -c sensorctl -n '__sensorctl_in sensors read' -l rounds -d 'with --watch: end after so many' -r
complete -c sensorctl -n '__sensorctl_in sensors check-driver' -l bus -d 'I2C: try it on the chip, too, on /dev/i2c-N' -r
complete -c sensorctl -n '__sensorctl_in sensors check-driver' -l address -d 'I2C: where the chip is, such as 0x38 (else its usual address)' -r
complete -c sensorctl -n '__sensorctl_in breaker show' -l destination -d 'this destination only (else all)' -r
complete -c sensorctl -n '__sensorctl_in breaker hold' -l destination -d 'this destination only (else all)' -r
complete -c sensorctl -n '__sensorctl_in breaker hold' -l reason -d 'why, for whoever looks later' -r
complete -c sensorctl -n '__sensorctl_in breaker release' -l destination -d 'this destination only (else all)' -r
complete -c sensorctl -n '__sensorctl_in outbox peek' -l destination -d 'this destination (may be left out if there is only one)' -r
complete -c sensorctl -n '__sensorctl_in outbox peek' -l limit -d 'at most so many (default 10, at most 10000)' -r
complete -c sensorctl -n '__sensorctl_in outbox export' -l output -d 'into this new file (else standard output)' -r -F
complete -c sensorctl -n '__sensorctl_in outbox import' -l gateway -d 'the gateway that measured them (else this one)' -r
complete -c sensorctl -n '__sensorctl_in outbox import' -l destination -d 'only to this destination (else to each)' -r
complete -c sensorctl -n '__sensorctl_in outbox import' -l dry-run -d 'only check the file'
complete -c sensorctl -n '__sensorctl_is outbox import' -F
complete -c sensorctl -n '__sensorctl_in outbox compact' -l dry-run -d 'only say how much that would be'
complete -c sensorctl -n '__sensorctl_in dead list' -l destination -d 'only of this destination' -r
complete -c sensorctl -n '__sensorctl_in dead list' -l limit -d 'at most so many (default 20, at most 10000)' -r
complete -c sensorctl -n '__sensorctl_in dead show' -l destination -d 'this destination (may be left out if there is only one)' -r
complete -c sensorctl -n '__sensorctl_in dead show' -l seq -d 'which one, as listed' -r
complete -c sensorctl -n '__sensorctl_in dead redrive' -l destination -d 'this destination (may be left out if there is only one)' -r
complete -c sensorctl -n '__sensorctl_in dead redrive' -l seq -d 'only this one' -r
complete -c sensorctl -n '__sensorctl_in dead redrive' -l all -d 'all of the destination'
complete -c sensorctl -n '__sensorctl_in dead redrive' -l dry-run -d 'only say what would be done'
complete -c sensorctl -n '__sensorctl_in dead drop' -l destination -d 'this destination (may be left out if there is only one)' -r
complete -c sensorctl -n '__sensorctl_in dead drop' -l seq -d 'only this one' -r
complete -c sensorctl -n '__sensorctl_in dead drop' -l all -d 'all of the destination'
complete -c sensorctl -n '__sensorctl_in dead drop' -l dry-run -d 'only say what would be done'
complete -c sensorctl -n '__sensorctl_in dead drop' -l yes -d 'really'
complete -c sensorctl -n '__sensorctl_in backup create' -l output -d 'where to (else backups/ in the data directory: better on another disk)' -r -a '(__fish_complete_directories)'
complete -c sensorctl -n '__sensorctl_in backup create' -l from -d 'copy the store of another machine instead: the address of its monitor, such as http://127.0.0.1:8471' -r
complete -c sensorctl -n '__sensorctl_in backup create' -l keep -d 'how many copies of each to keep there (default 5)' -r
complete -c sensorctl -n '__sensorctl_in backup create' -l dry-run -d 'only say what would be done'
complete -c sensorctl -n '__sensorctl_is backup verify' -F
complete -c sensorctl -n '__sensorctl_in backup restore' -l dry-run -d 'only verify it and say what would be done'
complete -c sensorctl -n '__sensorctl_is backup restore' -F
complete -c sensorctl -n '__sensorctl_in token add' -l replace -d 'it has a token already: that one is refused from now on'
complete -c sensorctl -n '__sensorctl_in support bundle' -l output -d 'this new .tar.gz (else one with the time in its name, here)' -r -F
complete -c sensorctl -n '__sensorctl_in config check' -l file -d 'this file instead of the one in use' -r -F
complete -c sensorctl -n '__sensorctl_in config show' -l diff -d 'only those that differ from their defaults, with both values'
complete -c sensorctl -n '__sensorctl_in config set' -l dry-run -d 'only say what would be changed'
complete -c sensorctl -n '__sensorctl_is completion' -a 'bash zsh fish'
complete -c sensorctl -l config -d 'the configuration (else SENSORGW_CONFIG, /etc/sensor-gateway/config.yaml)' -r -F
complete -c sensorctl -l data-dir -d 'where outbox and store lie (else as configured)' -r -a '(__fish_complete_directories)'
complete -c sensorctl -l json -d 'print JSON, for programs'
complete -c sensorctl -l no-color -d 'no colours (as does NO_COLOR=1)'
complete -c sensorctl -l help -d 'this text, or the one of a command'
complete -c sensorctl -l version -d 'the version'
