/**
 * A small table that is held in memory: asked without a look at the file, changed in memory, and written with
 * the next transaction, only what differs. What is remembered follows the commit, or goes back.
 */

export interface Mirror<Row> {
  rows(): readonly Row[];
  /** Rows are values: one that is the same object counts as unchanged. */
  change(rows: readonly Row[]): void;
  pending(): boolean;
  /** Inside a transaction; `written` must follow its commit, `rolledBack` its failure. */
  write(): void;
  written(): void;
  rolledBack(): void;
}

export interface MirrorTable<Row> {
  readonly keyOf: (row: Row) => number | string;
  /** Inserts it, or replaces the one with its key. */
  readonly put: (row: Row) => void;
  readonly drop: (row: Row) => void;
}

/** `inFile` is what the table holds. */
export function createMirror<Row>(inFile: readonly Row[], table: MirrorTable<Row>): Mirror<Row> {
  let now = inFile;
  let file = inFile;
  return {
    rows: () => now,
    change(rows) {
      now = rows;
    },
    pending: () => now !== file,
    write() {
      if (now === file) return;
      const before = new Map(file.map((row) => [table.keyOf(row), row]));
      const after = new Map(now.map((row) => [table.keyOf(row), row]));
      for (const [key, row] of before) if (!after.has(key)) table.drop(row);
      for (const [key, row] of after) if (before.get(key) !== row) table.put(row);
    },
    written() {
      file = now;
    },
    rolledBack() {
      now = file;
    },
  };
}
