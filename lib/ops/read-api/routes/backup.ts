/** `GET /api/v1/backup`: the whole store as one file, checked, as it is at this moment. */

import { readProblem } from '../problem.ts';
import { route } from '../route.ts';
import { NoQuery } from '../schemas.ts';

/** As registered for SQLite. */
const TYPE = 'application/vnd.sqlite3';

export const backupRoute = route({
  url: '/api/v1/backup',
  about:
    'A checked copy of the whole store, for sensorctl backup verify and restore. Its SHA-256 is in Repr-Digest.',
  query: NoQuery,
  answer: [TYPE],
  async reply(_query, { backups, clock }) {
    if (backups === undefined) throw readProblem('backup_elsewhere', 'there is no file that could be copied');
    return {
      kind: 'file',
      type: TYPE,
      fileName: `store-${compact(clock.wallMs())}.db`,
      make: (left) => backups.make(left),
    };
  },
});

/** As `sensorctl backup create` names its copies, which sorts them by age. */
function compact(atMs: number): string {
  const [digits = ''] = new Date(atMs).toISOString().replace(/[-:]/g, '').split('.');
  return `${digits}Z`;
}
