/** Which SQLite is good enough, for those who must know without loading it. */

/** 3.7.0 to 3.51.2 can lose a committed transaction when two connections write and checkpoint at once. */
export const SQLITE_VERSION_MIN = '3.51.3';

/** Negative, zero or positive, like every comparator; compares dotted numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = (left[i] ?? 0) - (right[i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
