/** Completion for fish, with what each word and option is for. */

import type { CompletedOption, CompletionModel, Offer } from './completion-model.ts';

export function fishCompletion({ first, groups, commands, options, valued }: CompletionModel): string {
  const lines = [
    ...first.map(([word, about]) => line('__sensorctl_is', `-a ${word} -d ${quoted(about)}`)),
    ...[...groups].flatMap(([group, words]) =>
      words.map(([word, about]) => line(`__sensorctl_is ${group}`, `-a ${word} -d ${quoted(about)}`)),
    ),
    ...commands.flatMap(({ name, options: own, operands }) => [
      ...own
        .filter((option) => !options.some((one) => one.name === option.name))
        .map((option) => line(`__sensorctl_in ${name}`, spelled(option))),
      ...operands.slice(0, 1).flatMap((one) => {
        const offered = offer(one);
        return offered === '' ? [] : [line(`__sensorctl_is ${name}`, offered)];
      }),
    ]),
    ...options.map((option) => `complete -c sensorctl ${spelled(option)}`),
  ];
  return `# fish completion for sensorctl. Written by \`sensorctl completion fish\`.

# The words that are neither options nor values of options.
function __sensorctl_words
    set -l skip 0
    for token in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $token
            case ${valued.join(' ')}
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
${lines.join('\n')}
`;
}

function line(condition: string, rest: string): string {
  return `complete -c sensorctl -n ${quoted(condition)} ${rest}`;
}

function spelled({ name, about, value }: CompletedOption): string {
  const option = `-l ${name.slice(2)} -d ${quoted(about)}`;
  return value === undefined ? option : `${option} -r ${offer(value)}`.trimEnd();
}

function offer(what: Offer): string {
  if (what === 'file') return '-F';
  if (what === 'directory') return "-a '(__fish_complete_directories)'";
  return what === 'unknown' ? '' : `-a ${quoted(what.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
