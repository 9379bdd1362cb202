/** Boots, which monotonic times count from, by the small numbers that rows carry instead of their names. */

import type { SqliteDatabase } from '../../base/sqlite.ts';

export interface Boots {
  /** The number of a boot, which is noted if it is new. Inside a transaction. */
  numberOf(bootId: string): number;
  /** Forgets all of them if there is no row that could be of one. Inside a transaction. */
  forgetUnused(): void;
}

export function prepareBoots(database: SqliteDatabase): Boots {
  const put = database.prepare<[string]>('INSERT INTO boots (boot_id) VALUES (?) ON CONFLICT DO NOTHING');
  const find = database.prepare<[string], number>('SELECT id FROM boots WHERE boot_id = ?').pluck();
  const forget = database.prepare('DELETE FROM boots WHERE NOT EXISTS (SELECT 1 FROM readings)');
  return {
    numberOf(bootId) {
      put.run(bootId);
      const number = find.get(bootId);
      if (number === undefined) throw new Error(`boot ${bootId} was noted, and is not there`);
      return number;
    },
    forgetUnused: () => void forget.run(),
  };
}
