# bash completion for sensorctl. Written by `sensorctl completion bash`.

_sensorctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command='' word i operand=0 rest=()
  COMPREPLY=()
  # The words that are neither options nor values of options.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --config | --data-dir | --interval | --step | --bundle | --since | --until | --gateway | --sensor | --metric | --limit | --lines | -n | --width | --height | --state | --note | --bus | --rounds | --address | --destination | --reason | --output | --seq | --from | --keep | --file) ((i++)) ;;
      -* | =) ;;
      *) rest+=("$word") ;;
    esac
  done
  if [[ ${rest[0]-} == help ]]; then rest=("${rest[@]:1}"); fi
  case "${rest[0]-} ${rest[1]-}" in
    'tickets list') command='tickets list' operand=$((${#rest[@]} - 2)) ;;
    'tickets show') command='tickets show' operand=$((${#rest[@]} - 2)) ;;
    'tickets ack') command='tickets ack' operand=$((${#rest[@]} - 2)) ;;
    'tickets diagnose') command='tickets diagnose' operand=$((${#rest[@]} - 2)) ;;
    'tickets hold') command='tickets hold' operand=$((${#rest[@]} - 2)) ;;
    'tickets release') command='tickets release' operand=$((${#rest[@]} - 2)) ;;
    'tickets resolve') command='tickets resolve' operand=$((${#rest[@]} - 2)) ;;
    'tickets watch') command='tickets watch' operand=$((${#rest[@]} - 2)) ;;
    'notify test') command='notify test' operand=$((${#rest[@]} - 2)) ;;
    'sensors scan') command='sensors scan' operand=$((${#rest[@]} - 2)) ;;
    'sensors list') command='sensors list' operand=$((${#rest[@]} - 2)) ;;
    'sensors read') command='sensors read' operand=$((${#rest[@]} - 2)) ;;
    'sensors check-driver') command='sensors check-driver' operand=$((${#rest[@]} - 2)) ;;
    'breaker show') command='breaker show' operand=$((${#rest[@]} - 2)) ;;
    'breaker hold') command='breaker hold' operand=$((${#rest[@]} - 2)) ;;
    'breaker release') command='breaker release' operand=$((${#rest[@]} - 2)) ;;
    'outbox stat') command='outbox stat' operand=$((${#rest[@]} - 2)) ;;
    'outbox peek') command='outbox peek' operand=$((${#rest[@]} - 2)) ;;
    'outbox export') command='outbox export' operand=$((${#rest[@]} - 2)) ;;
    'outbox import') command='outbox import' operand=$((${#rest[@]} - 2)) ;;
    'outbox compact') command='outbox compact' operand=$((${#rest[@]} - 2)) ;;
    'dead list') command='dead list' operand=$((${#rest[@]} - 2)) ;;
    'dead show') command='dead show' operand=$((${#rest[@]} - 2)) ;;
    'dead redrive') command='dead redrive' operand=$((${#rest[@]} - 2)) ;;
    'dead drop') command='dead drop' operand=$((${#rest[@]} - 2)) ;;
    'backup create') command='backup create' operand=$((${#rest[@]} - 2)) ;;
    'backup verify') command='backup verify' operand=$((${#rest[@]} - 2)) ;;
    'backup restore') command='backup restore' operand=$((${#rest[@]} - 2)) ;;
    'token add') command='token add' operand=$((${#rest[@]} - 2)) ;;
    'token list') command='token list' operand=$((${#rest[@]} - 2)) ;;
    'token revoke') command='token revoke' operand=$((${#rest[@]} - 2)) ;;
    'support bundle') command='support bundle' operand=$((${#rest[@]} - 2)) ;;
    'config check') command='config check' operand=$((${#rest[@]} - 2)) ;;
    'config show') command='config show' operand=$((${#rest[@]} - 2)) ;;
    'config set') command='config set' operand=$((${#rest[@]} - 2)) ;;
    'config sample') command='config sample' operand=$((${#rest[@]} - 2)) ;;
    *)
      case "${rest[0]-}" in
        'status') command='status' operand=$((${#rest[@]} - 1)) ;;
        'why') command='why' operand=$((${#rest[@]} - 1)) ;;
        'doctor') command='doctor' operand=$((${#rest[@]} - 1)) ;;
        'readings') command='readings' operand=$((${#rest[@]} - 1)) ;;
        'tail') command='tail' operand=$((${#rest[@]} - 1)) ;;
        'chart') command='chart' operand=$((${#rest[@]} - 1)) ;;
        'gaps') command='gaps' operand=$((${#rest[@]} - 1)) ;;
        'verify') command='verify' operand=$((${#rest[@]} - 1)) ;;
        'drill') command='drill' operand=$((${#rest[@]} - 1)) ;;
        'completion') command='completion' operand=$((${#rest[@]} - 1)) ;;
      esac
      ;;
  esac

  case "$command $previous" in
    'status --interval') :; return ;;
    'status --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'status --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'why --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'why --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'doctor --step') mapfile -t COMPREPLY < <(compgen -W 'config data disk clock systemd memory power i2c api network all' -- "$current"); return ;;
    'doctor --bundle') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'doctor --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'doctor --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'readings --since') :; return ;;
    'readings --until') :; return ;;
    'readings --gateway') :; return ;;
    'readings --sensor') :; return ;;
    'readings --metric') :; return ;;
    'readings --limit') :; return ;;
    'readings --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'readings --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tail --lines') :; return ;;
    'tail --gateway') :; return ;;
    'tail --sensor') :; return ;;
    'tail --metric') :; return ;;
    'tail --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tail --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'chart --since') :; return ;;
    'chart --until') :; return ;;
    'chart --gateway') :; return ;;
    'chart --width') :; return ;;
    'chart --height') :; return ;;
    'chart --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'chart --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'gaps --since') :; return ;;
    'gaps --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'gaps --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'verify --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'verify --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'drill --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'drill --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets list --state') mapfile -t COMPREPLY < <(compgen -W 'open acknowledged diagnosed resolved' -- "$current"); return ;;
    'tickets list --since') :; return ;;
    'tickets list --limit') :; return ;;
    'tickets list --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets list --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets show --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets show --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets ack --note') :; return ;;
    'tickets ack --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets ack --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets diagnose --note') :; return ;;
    'tickets diagnose --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets diagnose --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets hold --note') :; return ;;
    'tickets hold --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets hold --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets release --note') :; return ;;
    'tickets release --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets release --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets resolve --note') :; return ;;
    'tickets resolve --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets resolve --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets watch --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'tickets watch --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'notify test --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'notify test --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'sensors scan --bus') :; return ;;
    'sensors scan --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'sensors scan --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'sensors list --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'sensors list --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'sensors read --rounds') :; return ;;
    'sensors read --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'sensors read --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'sensors check-driver --bus') :; return ;;
    'sensors check-driver --address') :; return ;;
    'sensors check-driver --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'sensors check-driver --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'breaker show --destination') :; return ;;
    'breaker show --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'breaker show --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'breaker hold --destination') :; return ;;
    'breaker hold --reason') :; return ;;
    'breaker hold --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'breaker hold --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'breaker release --destination') :; return ;;
    'breaker release --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'breaker release --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox stat --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox stat --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox peek --destination') :; return ;;
    'outbox peek --limit') :; return ;;
    'outbox peek --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox peek --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox export --output') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox export --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox export --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox import --gateway') :; return ;;
    'outbox import --destination') :; return ;;
    'outbox import --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox import --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox compact --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'outbox compact --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'dead list --destination') :; return ;;
    'dead list --limit') :; return ;;
    'dead list --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'dead list --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'dead show --destination') :; return ;;
    'dead show --seq') :; return ;;
    'dead show --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'dead show --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'dead redrive --destination') :; return ;;
    'dead redrive --seq') :; return ;;
    'dead redrive --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'dead redrive --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'dead drop --destination') :; return ;;
    'dead drop --seq') :; return ;;
    'dead drop --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'dead drop --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'backup create --output') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'backup create --from') :; return ;;
    'backup create --keep') :; return ;;
    'backup create --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'backup create --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'backup verify --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'backup verify --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'backup restore --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'backup restore --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'token add --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'token add --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'token list --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'token list --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'token revoke --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'token revoke --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'support bundle --output') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'support bundle --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'support bundle --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config check --file') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config check --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config check --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config show --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config show --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config set --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config set --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config sample --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'config sample --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'completion --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    'completion --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    *' --config') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null; return ;;
    *' --data-dir') mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null; return ;;
  esac

  if [[ $current == -* ]]; then
    case $command in
      'status') mapfile -t COMPREPLY < <(compgen -W '--watch --interval --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'why') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'doctor') mapfile -t COMPREPLY < <(compgen -W '--step --bundle --check --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'readings') mapfile -t COMPREPLY < <(compgen -W '--since --until --gateway --sensor --metric --limit --raw --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tail') mapfile -t COMPREPLY < <(compgen -W '--lines --gateway --sensor --metric --no-follow --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'chart') mapfile -t COMPREPLY < <(compgen -W '--since --until --gateway --width --height --ascii --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'gaps') mapfile -t COMPREPLY < <(compgen -W '--since --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'verify') mapfile -t COMPREPLY < <(compgen -W '--dry-run --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'drill') mapfile -t COMPREPLY < <(compgen -W '--keep --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tickets list') mapfile -t COMPREPLY < <(compgen -W '--all --state --since --limit --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tickets show') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tickets ack') mapfile -t COMPREPLY < <(compgen -W '--note --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tickets diagnose') mapfile -t COMPREPLY < <(compgen -W '--note --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tickets hold') mapfile -t COMPREPLY < <(compgen -W '--note --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tickets release') mapfile -t COMPREPLY < <(compgen -W '--note --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tickets resolve') mapfile -t COMPREPLY < <(compgen -W '--note --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'tickets watch') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'notify test') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'sensors scan') mapfile -t COMPREPLY < <(compgen -W '--bus --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'sensors list') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'sensors read') mapfile -t COMPREPLY < <(compgen -W '--watch --rounds --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'sensors check-driver') mapfile -t COMPREPLY < <(compgen -W '--bus --address --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'breaker show') mapfile -t COMPREPLY < <(compgen -W '--destination --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'breaker hold') mapfile -t COMPREPLY < <(compgen -W '--destination --reason --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'breaker release') mapfile -t COMPREPLY < <(compgen -W '--destination --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'outbox stat') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'outbox peek') mapfile -t COMPREPLY < <(compgen -W '--destination --limit --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'outbox export') mapfile -t COMPREPLY < <(compgen -W '--output --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'outbox import') mapfile -t COMPREPLY < <(compgen -W '--gateway --destination --dry-run --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'outbox compact') mapfile -t COMPREPLY < <(compgen -W '--dry-run --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'dead list') mapfile -t COMPREPLY < <(compgen -W '--destination --limit --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'dead show') mapfile -t COMPREPLY < <(compgen -W '--destination --seq --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'dead redrive') mapfile -t COMPREPLY < <(compgen -W '--destination --seq --all --dry-run --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'dead drop') mapfile -t COMPREPLY < <(compgen -W '--destination --seq --all --dry-run --yes --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'backup create') mapfile -t COMPREPLY < <(compgen -W '--output --from --keep --dry-run --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'backup verify') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'backup restore') mapfile -t COMPREPLY < <(compgen -W '--dry-run --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'token add') mapfile -t COMPREPLY < <(compgen -W '--replace --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'token list') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'token revoke') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'support bundle') mapfile -t COMPREPLY < <(compgen -W '--output --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'config check') mapfile -t COMPREPLY < <(compgen -W '--file --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'config show') mapfile -t COMPREPLY < <(compgen -W '--diff --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'config set') mapfile -t COMPREPLY < <(compgen -W '--dry-run --config --data-dir --json --no-color --help --version' -- "$current") ;;
      'config sample') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      'completion') mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
      *) mapfile -t COMPREPLY < <(compgen -W '--config --data-dir --json --no-color --help --version' -- "$current") ;;
    esac
    return
  fi
  if [[ -n $command ]]; then
    case "$command $operand" in
      'chart 0') : ;;
      'chart 1') : ;;
      'drill 0') mapfile -t COMPREPLY < <(compgen -W 'api-down power-cut disk-full clock-jump sensor-stuck' -- "$current") ;;
      'tickets show 0') : ;;
      'tickets ack 0') : ;;
      'tickets diagnose 0') : ;;
      'tickets hold 0') : ;;
      'tickets release 0') : ;;
      'tickets resolve 0') : ;;
      'notify test 0') : ;;
      'sensors read 0') : ;;
      'sensors check-driver 0') : ;;
      'outbox import 0') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
      'backup verify 0') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
      'backup restore 0') mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null ;;
      'token add 0') : ;;
      'token revoke 0') : ;;
      'config set 0') : ;;
      'config set 1') : ;;
      'completion 0') mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$current") ;;
    esac
    return
  fi
  case "${rest[*]}" in
    '') mapfile -t COMPREPLY < <(compgen -W 'help status why doctor readings tail chart gaps verify drill tickets notify sensors breaker outbox dead backup token support config completion' -- "$current") ;;
    'tickets') mapfile -t COMPREPLY < <(compgen -W 'list show ack diagnose hold release resolve watch' -- "$current") ;;
    'notify') mapfile -t COMPREPLY < <(compgen -W 'test' -- "$current") ;;
    'sensors') mapfile -t COMPREPLY < <(compgen -W 'scan list read check-driver' -- "$current") ;;
    'breaker') mapfile -t COMPREPLY < <(compgen -W 'show hold release' -- "$current") ;;
    'outbox') mapfile -t COMPREPLY < <(compgen -W 'stat peek export import compact' -- "$current") ;;
    'dead') mapfile -t COMPREPLY < <(compgen -W 'list show redrive drop' -- "$current") ;;
    'backup') mapfile -t COMPREPLY < <(compgen -W 'create verify restore' -- "$current") ;;
    'token') mapfile -t COMPREPLY < <(compgen -W 'add list revoke' -- "$current") ;;
    'support') mapfile -t COMPREPLY < <(compgen -W 'bundle' -- "$current") ;;
    'config') mapfile -t COMPREPLY < <(compgen -W 'check show set sample' -- "$current") ;;
  esac
}
complete -F _sensorctl sensorctl
