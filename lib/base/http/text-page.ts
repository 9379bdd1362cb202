/**
 * Pages in plain text for programs that look after programs: whether one is live and ready, as Kubernetes writes and
 * reads it, and the metrics of Prometheus. The status alone says it all; the text is for the person who wonders why.
 */

export interface TextPage {
  readonly kind: 'page';
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** One thing that a program needs. */
export interface Need {
  readonly name: string;
  /** What is missing, in words; `undefined`: nothing. */
  readonly missing: string | undefined;
}

/** 200 if nothing is missing, else 503 and what is; with `verbose` every need is listed in any case. */
export function needsPage(page: 'livez' | 'readyz', needs: readonly Need[], verbose: boolean): TextPage {
  const passed = needs.every(({ missing }) => missing === undefined);
  const type = 'text/plain; charset=utf-8';
  if (passed && !verbose) return { kind: 'page', status: 200, type, text: 'ok\n' };
  const lines = needs.map(({ name, missing }) =>
    missing === undefined ? `[+]${name} ok` : `[-]${name} failed: ${missing}`,
  );
  const text = `${[...lines, `${page} check ${passed ? 'passed' : 'failed'}`].join('\n')}\n`;
  return { kind: 'page', status: passed ? 200 : 503, type, text };
}

/** That loops move by when they promised to: `overdue` are the names of those that do not. */
export function loopsNeed(overdue: readonly string[]): Need {
  return { name: 'loops', missing: overdue.length === 0 ? undefined : `stuck: ${overdue.join(', ')}` };
}

/** `text` in the format of Prometheus, version 0.0.4. */
export function metricsPage(text: string): TextPage {
  return { kind: 'page', status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', text };
}

export function isTextPage(answer: object): answer is TextPage {
  return 'kind' in answer && answer.kind === 'page';
}
