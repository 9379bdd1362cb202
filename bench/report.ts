/** What every benchmark says in the end: a ratio to something measured in the same run, and its bar. */

export interface Row {
  readonly name: string;
  /** Ours to the reference. Only this travels from one machine to another. */
  readonly ratio: number;
  /** What the ratio must reach, or must not exceed; `null` if it only explains another row. */
  readonly bar: `>= ${number}` | `<= ${number}` | null;
  /** Our own figure, for this machine and moment. */
  readonly value: number;
  readonly unit: string;
  /** The ratio is the median of so many. */
  readonly runs: number;
}

export function report(row: Row): void {
  const rounded = {
    ...row,
    ratio: Number(row.ratio.toPrecision(3)),
    value: Number(row.value.toPrecision(4)),
  };
  console.log(JSON.stringify(rounded));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new TypeError('the median of nothing');
  return middle;
}
