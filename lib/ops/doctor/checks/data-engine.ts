/** The SQLite that was compiled in: a lockfile or a rebuild can bring an older one without a word. */

import { compareVersions, SQLITE_VERSION_MIN } from '../../../base/sqlite-version.ts';
import { type Check, fail, pass } from '../finding.ts';

export const dataEngine: Check = {
  name: 'data-engine',
  step: 'data',
  asks: 'does SQLite load, and is it one that cannot lose committed rows?',
  async run(probe, { node, packageDir }) {
    const addon = JSON.stringify(`${packageDir}/node_modules/better-sqlite3`);
    const ask = `new (require(${addon}))(':memory:').prepare('SELECT sqlite_version()').pluck().get()`;
    const ran = await probe.run(node, ['-p', ask]);
    const version = ran?.stdout.trim() ?? '';
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
    return pass(`SQLite ${version}`);
  },
};
