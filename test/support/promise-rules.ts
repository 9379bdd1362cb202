/**
 * What docs/robustness.md and the README must hold to: every fault has a promise, a test and what it observed; what is
 * not shown says why and what would show it; and every promise of the README leads to its proof.
 */

const SHOWN = ['fault', 'what we promise', 'test', 'observed'];
const NOT_SHOWN = ['fault', 'why not', 'what would test it'];
const TEST = /`[\w./-]+\.(?:test|contract)\.ts`\s+"[^"]+"/;

interface Row {
  readonly header: readonly string[];
  readonly cells: readonly string[];
}

/** Faults without a promise, a test or an outcome; tables that say less than they should; headings of nothing. */
export function faultViolations(text: string): string[] {
  const rows = rowsOf(text);
  const missing = [SHOWN, NOT_SHOWN].filter((header) => !rows.some((row) => isOf(row, header)));
  return [
    ...missing.map((header) => `there is no table of ${header.join(', ')}`),
    ...bareHeadings(text),
    ...rows.flatMap(({ header, cells: [fault] }, at) =>
      fault?.startsWith('the same') && rows[at - 1]?.header !== header
        ? [`${fault}: nothing stands before it`]
        : [],
    ),
    ...rows.flatMap((row) => {
      const name = row.cells[0] || 'a row without a fault';
      if (row.cells.length !== row.header.length) return [`${name}: not as many cells as its table has`];
      if (row.cells.includes('')) return [`${name}: a cell is empty`];
      return isOf(row, NOT_SHOWN) || TEST.test(row.cells.join(' ')) ? [] : [`${name}: names no test`];
    }),
  ];
}

/** Promises of the README without a link to a heading of `proofs`, or to one under which no test is named. */
export function promiseViolations(readme: string, heading: string, proofs: string): string[] {
  const promises = (sectionsOf(readme).get(slugOf(heading)) ?? '')
    .split(/\n(?=- )/)
    .filter((item) => item.startsWith('- '));
  const sections = sectionsOf(proofs);
  if (promises.length === 0) return [`there are no promises under "${heading}"`];
  return promises.flatMap((promise) => {
    const anchor = /\]\(docs\/robustness\.md#([\w-]+)\)/.exec(promise)?.[1];
    if (anchor === undefined) return [`${promise}: links to no proof`];
    const proof = sections.get(anchor);
    if (proof === undefined) return [`${promise}: there is no heading #${anchor}`];
    return TEST.test(proof) ? [] : [`${promise}: #${anchor} names no test`];
  });
}

/** Headings below which nothing stands before the next one of their level or above. */
function bareHeadings(text: string): string[] {
  return [...text.matchAll(/^(#+) (.*)\n+(?=(#+) )/gm)].flatMap(([, level = '', title, next = '']) =>
    next.length <= level.length ? [`${title}: nothing is below it`] : [],
  );
}

function isOf(row: Row, header: readonly string[]): boolean {
  return row.header.join() === header.join();
}

/** The rows of all tables, each with the header of its table. */
function rowsOf(text: string): Row[] {
  return text.split('\n\n').flatMap((block) => {
    const [header, rule, ...rows] = block.trim().split('\n').map(cellsOf);
    return header === undefined || rule?.every((cell) => /^-+$/.test(cell)) !== true || rule.length === 0
      ? []
      : rows.map((cells) => ({ header, cells }));
  });
}

function cellsOf(line: string): string[] {
  return line.startsWith('|')
    ? line
        .replace(/^\|\s*|\s*\|$/g, '')
        .split(/\s*(?<!\\)\|\s*/)
        .map((cell) => cell.trim())
    : [];
}

/** The text below each heading, up to the next one, by the name under which it can be linked to. */
function sectionsOf(text: string): Map<string, string> {
  return new Map(
    text.split(/^(?=#+ )/m).map((section) => {
      const [title = '', ...rest] = section.split('\n');
      return [slugOf(title.replace(/^#+ /, '')), rest.join('\n').trim()];
    }),
  );
}

function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
