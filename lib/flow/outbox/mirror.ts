/**
 * A small table that is held in memory: asked without a look at the file, changed in memory, and written with
 * the next transaction, only what differs. What a transaction changes in memory goes back with it if it fails;
 * what was noted before it stays noted.
 */

/** What takes part in the transactions of an outbox. */
export interface Book {
  pending(): boolean;
  /** A transaction begins: `write` inside it, and `written` after its commit or `rolledBack` after its failure. */
  begin(): void;
  write(): void;
  written(): void;
  rolledBack(): void;
}

export interface Mirror<Row> extends Book {
  rows(): readonly Row[];
  /** Rows are values: one that is the same object counts as unchanged. */
  change(rows: readonly Row[]): void;
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
  let begun = inFile;
  return {
    rows: () => now,
    change(rows) {
      now = rows;
    },
    pending: () => now !== file,
    begin() {
      begun = now;
    },
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
      now = begun;
    },
  };
}
