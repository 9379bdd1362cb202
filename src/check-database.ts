/**
 * A look through a whole database in a process of its own, so that whoever waits for it can be stopped
 * meanwhile: SQLite answers nothing else until it has read the last page. Prints what it finds first, or `ok`.
 */

import { quickCheck } from '../lib/base/sqlite.ts';

const [file = '', ...whole] = process.argv.slice(2);
process.stdout.write(quickCheck(file, whole));
