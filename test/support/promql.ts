/**
 * What an expression of PromQL names: metrics, and the labels and values that it selects by or groups by. Not a
 * whole parser; but every word in it is accounted for, so that a metric which is misspelt is never taken for
 * something else. promtool says whether the rest is right.
 */

export interface Named {
  readonly metric: string;
  /** Label -> the values that are asked for; none where any will do. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

export interface NamedInExpression {
  readonly metrics: readonly Named[];
  /** By which it groups or matches. */
  readonly grouping: readonly string[];
}

const FUNCTIONS = ['abs', 'changes', 'histogram_quantile', 'increase', 'label_values', 'rate', 'sum', 'time'];
const OPERATORS = ['and', 'or', 'unless', 'offset', 'bool'];
const GROUPING = ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'];

/** Texts, selectors of labels, ranges, variables of Grafana, numbers, words, and everything else. */
const TOKEN = /\{([^}]*)\}|\[[^\]]*\]|\$\w+|"[^"]*"|\d[\d.eE]*[smhdwy]?|([a-zA-Z_:][\w:]*)|\s+|[^\s\w]/g;
const MATCHER = /^([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"([^"]*)"$/;

/** Throws on a word that is neither a metric of ours nor a part of the language that is known here. */
export function namedIn(expression: string): NamedInExpression {
  const metrics: { metric: string; labels: Map<string, readonly string[]> }[] = [];
  const grouping: string[] = [];
  let inGrouping = false;
  let atGrouping = false;

  for (const [token, selector, word] of expression.matchAll(TOKEN)) {
    if (selector !== undefined) {
      const last = metrics.at(-1) ?? unknown(token, expression);
      for (const matcher of selector.split(/,(?=\s*\w+\s*[=!])/)) {
        const [, label = unknown(matcher, expression), how, values = ''] = MATCHER.exec(matcher.trim()) ?? [];
        // A variable stands for whatever there is; what must not be may as well not exist.
        const asked = how === '!=' || how === '!~' || values.startsWith('$') ? [] : [values];
        last.labels.set(label, how === '=~' ? asked.flatMap((one) => one.split('|')) : asked);
      }
    } else if (word === undefined) {
      if (token === '(' && atGrouping) inGrouping = true;
      if (token === ')') inGrouping = false;
      if (token.trim() !== '') atGrouping = false;
    } else if (inGrouping) grouping.push(word);
    else if (GROUPING.includes(word)) atGrouping = true;
    else if (word.startsWith('sensorgw_')) metrics.push({ metric: word, labels: new Map() });
    else if (!FUNCTIONS.includes(word) && !OPERATORS.includes(word)) unknown(word, expression);
  }
  return { metrics, grouping };
}

function unknown(what: string, expression: string): never {
  throw new TypeError(`"${what}" in ${expression} is nothing that is known here`);
}

/**
 * What an expression names and a scrape does not have. `series` are as they stand in the text of Prometheus;
 * `added` are labels that whoever scrapes adds.
 */
export function missingFrom(
  series: Iterable<string>,
  expression: string,
  added: readonly string[] = ['instance', 'job'],
): string[] {
  const there = new Map<string, string[]>();
  for (const one of series) {
    const name = one.replace(/\{.*/, '');
    there.set(name, [...(there.get(name) ?? []), one]);
  }
  const { metrics, grouping } = namedIn(expression);
  const missing = metrics.flatMap(({ metric, labels }) => {
    const found = there.get(metric);
    if (found === undefined) return [metric];
    return [...labels].flatMap(([label, values]) => {
      if (added.includes(label)) return [];
      const wanted = values.length === 0 ? [`${label}="`] : values.map((value) => `${label}="${value}"`);
      return wanted
        .filter((one) => !found.some((line) => new RegExp(`[{,]${escaped(one)}`).test(line)))
        .map((one) => `${metric}{${one}}`);
    });
  });
  const ungrouped = grouping.filter(
    (label) =>
      !added.includes(label) &&
      !metrics.some(({ metric }) => there.get(metric)?.some((line) => line.includes(`${label}="`))),
  );
  return [...missing, ...ungrouped.map((label) => `the label ${label}`)];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
