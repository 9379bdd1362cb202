/** Completion for bash, without the bash-completion package, which a small machine need not have. */

import type { CompletionModel, Offer } from './completion-model.ts';

export function bashCompletion({ first, groups, commands, options, valued }: CompletionModel): string {
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(' ');
  return `# bash completion for sensorctl. Written by \`sensorctl completion bash\`.

_sensorctl() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command='' word i operand=0 rest=()
  COMPREPLY=()
  # The words that are neither options nor values of options.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      ${valued.join(' | ')}) ((i++)) ;;
      -* | =) ;;
      *) rest+=("$word") ;;
    esac
  done
  if [[ \${rest[0]-} == help ]]; then rest=("\${rest[@]:1}"); fi
  case "\${rest[0]-} \${rest[1]-}" in
${commands
  .filter(({ name }) => name.includes(' '))
  .map(({ name }) => `    '${name}') command='${name}' operand=$((\${#rest[@]} - 2)) ;;`)
  .join('\n')}
    *)
      case "\${rest[0]-}" in
${commands
  .filter(({ name }) => !name.includes(' '))
  .map(({ name }) => `        '${name}') command='${name}' operand=$((\${#rest[@]} - 1)) ;;`)
  .join('\n')}
      esac
      ;;
  esac

  case "$command $previous" in
${commands
  .flatMap(({ name, options: own }) =>
    own.flatMap((option) =>
      option.value === undefined ? [] : [`    '${name} ${option.name}') ${offer(option.value)}; return ;;`],
    ),
  )
  .join('\n')}
${options
  .flatMap((option) =>
    option.value === undefined ? [] : [`    *' ${option.name}') ${offer(option.value)}; return ;;`],
  )
  .join('\n')}
  esac

  if [[ $current == -* ]]; then
    case $command in
${commands.map(({ name, options: own }) => `      '${name}') ${offer(names(own).split(' '))} ;;`).join('\n')}
      *) ${offer(names(options).split(' '))} ;;
    esac
    return
  fi
  if [[ -n $command ]]; then
    case "$command $operand" in
${commands
  .flatMap(({ name, operands }) => operands.map((one, index) => `      '${name} ${index}') ${offer(one)} ;;`))
  .join('\n')}
    esac
    return
  fi
  case "\${rest[*]}" in
    '') ${offer(first.map(([word]) => word))} ;;
${[...groups].map(([group, words]) => `    '${group}') ${offer(words.map(([word]) => word))} ;;`).join('\n')}
  esac
}
complete -F _sensorctl sensorctl
`;
}

function offer(what: Offer): string {
  if (what === 'file')
    return 'mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames 2>/dev/null';
  if (what === 'directory')
    return 'mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames 2>/dev/null';
  if (what === 'unknown') return ':';
  return `mapfile -t COMPREPLY < <(compgen -W '${what.join(' ')}' -- "$current")`;
}
