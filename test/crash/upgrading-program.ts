/**
 * Opens a database for writing with one migration more than it has, for a parent that kills it in the middle.
 *
 *   node upgrading-program.js '{"file": ..., "applicationId": 1, "migrations": ["...", "..."]}'
 */

import { type OpenOptions, openDatabase } from '../../lib/base/sqlite.ts';

export type UpgradeOrders = Pick<OpenOptions, 'file' | 'applicationId' | 'migrations'>;

const orders: UpgradeOrders = JSON.parse(process.argv[2] ?? '{}');
openDatabase(orders).close();
console.log('upgraded');
