/** Completion for zsh, with what each word and option is for. */

import type { CompletedOption, CompletionModel, Offer } from './completion-model.ts';

export function zshCompletion({ first, groups, commands, options, valued }: CompletionModel): string {
  return `#compdef sensorctl
# zsh completion for sensorctl. Written by \`sensorctl completion zsh\`.

_sensorctl() {
  local current=$words[CURRENT] previous=$words[CURRENT-1] command='' word
  local -a rest offered
  local -i i operand=0
  # The words that are neither options nor values of options.
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case $word in
      (${valued.join('|')}) ((i++)) ;;
      (-*) ;;
      (*) rest+=("$word") ;;
    esac
  done
  [[ $rest[1] == help ]] && shift rest
  case "$rest[1] $rest[2]" in
${commands
  .filter(({ name }) => name.includes(' '))
  .map(({ name }) => `    ('${name}') command='${name}'; operand=$(($#rest - 2)) ;;`)
  .join('\n')}
    (*)
      case "$rest[1]" in
${commands
  .filter(({ name }) => !name.includes(' '))
  .map(({ name }) => `        ('${name}') command='${name}'; operand=$(($#rest - 1)) ;;`)
  .join('\n')}
      esac
      ;;
  esac

  case "$command $previous" in
${commands.flatMap(({ name, options: own }) => values(own, (option) => `'${name} ${option}'`)).join('\n')}
${values(options, (option) => `*' ${option}'`).join('\n')}
  esac

  if [[ $current == -* ]]; then
    case $command in
${commands.map(({ name, options: own }) => `      ('${name}') offered=(${described(own.map(pair))}) ;;`).join('\n')}
      (*) offered=(${described(options.map(pair))}) ;;
    esac
    _describe -o option offered
    return
  fi
  if [[ -n $command ]]; then
    case "$command $operand" in
${commands
  .flatMap(({ name, operands }) =>
    operands.map((one, index) => `      ('${name} ${index}') ${offer(one)} ;;`),
  )
  .join('\n')}
    esac
    return
  fi
  case "$rest" in
    ('') offered=(${described(first)}) ;;
${[...groups].map(([group, words]) => `    ('${group}') offered=(${described(words)}) ;;`).join('\n')}
  esac
  _describe command offered
}

if [[ $funcstack[1] == _sensorctl ]]; then _sensorctl "$@"; else compdef _sensorctl sensorctl; fi
`;
}

function values(options: readonly CompletedOption[], key: (name: string) => string): string[] {
  return options.flatMap(({ name, value }) =>
    value === undefined ? [] : [`    (${key(name)}) ${offer(value)}; return ;;`],
  );
}

function offer(what: Offer): string {
  if (what === 'file') return '_files';
  if (what === 'directory') return '_files -/';
  if (what === 'unknown') return '_message value';
  return `compadd -- ${what.join(' ')}`;
}

function pair({ name, about }: CompletedOption): readonly [string, string] {
  return [name, about];
}

function described(words: readonly (readonly [string, string])[]): string {
  return words.map(([word, about]) => quoted(`${word}:${about.replaceAll(':', '\\:')}`)).join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
