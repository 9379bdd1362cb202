/**
 * The SQLite that was compiled in: a lockfile or a rebuild can bring an older one without a word, and one that was
 * compiled against Node 24.19 or newer ends programs. There a class that better-sqlite3 12 is made from (`ObjectWrap`, in
 * `node_object_wrap.h`) asks in each destructor for an environment that a collection of garbage between two turns of the
 * event loop does not have.
 */

import { compareVersions, SQLITE_VERSION_MIN } from '../../../base/sqlite-version.ts';
import { type Check, fail, pass } from '../finding.ts';

/** What such a file calls, and no other. */
const HOOK = 'RemoveEnvironmentCleanupHook';

export const dataEngine: Check = {
  name: 'data-engine',
  step: 'data',
  asks: 'does SQLite load, and is it one that neither loses committed rows nor ends programs?',
  async run(probe, { node, packageDir }) {
    const addon = JSON.stringify(`${packageDir}/node_modules/better-sqlite3`);
    const sqlite = `new (require(${addon}))(':memory:').prepare('SELECT sqlite_version()').pluck().get()`;
    const compiled = `require('fs').readFileSync(${addon} + '/build/Release/better_sqlite3.node')`;
    const ran = await probe.run(node, [
      '-p',
      `${sqlite} + (${compiled}.includes('${HOOK}') ? ' ${HOOK}' : '')`,
    ]);
    const [version = '', hook] = ran?.stdout.trim().split(' ') ?? [];
    if (ran?.code !== 0 || !/^\d+\.\d+/.test(version)) {
      const why = /^\w*Error: .*$/m.exec(ran?.stderr ?? '')?.[0] ?? 'no answer';
      return fail(`SQLite does not load: ${why}`, 'Install again: sudo ./deploy/install.sh');
    }
    if (compareVersions(version, SQLITE_VERSION_MIN) < 0) {
      return fail(
        `SQLite ${version} can lose committed rows; ${SQLITE_VERSION_MIN} or newer does not`,
        'npm ci in the clone, then sudo ./deploy/install.sh',
      );
    }
    if (hook !== undefined) {
      return fail(
        `SQLite ${version} was compiled against Node 24.19 or newer, and ends programs now and then (SIGABRT)`,
        'Node 20 or 22, npm ci in the clone, then sudo ./deploy/install.sh',
      );
    }
    return pass(`SQLite ${version}`);
  },
};
