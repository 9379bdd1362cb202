/**
 * A release from a clone in which nothing was ever installed or built: npm brings what is missing, and the
 * clone stays as it was. SQLite alone is not compiled again: npm's installer of addons gets ours.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyNoBootedMachine } from '../support/booted-machine.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const why = whyNoBootedMachine();

/** What a clone has of its own: nothing that was installed, built or collected. */
function cloneInto(dir: string): void {
  const made = new Set(['node_modules', 'dist', 'data', '.git']);
  cpSync(ROOT, dir, { recursive: true, filter: (path) => !made.has(relative(ROOT, path)) });
}

/** Under the name by which the installer of addons looks for one before it downloads or compiles any. */
function packedSqlite(dir: string): string {
  const sqlite = join(ROOT, 'node_modules/better-sqlite3');
  const { version } = JSON.parse(readFileSync(join(sqlite, 'package.json'), 'utf8'));
  const made = `node-v${process.versions.modules}-${process.platform}-${process.arch}`;
  mkdirSync(dir);
  const file = join(dir, `better-sqlite3-v${version}-${made}.tar.gz`);
  execFileSync('tar', ['-czf', file, '-C', sqlite, 'build/Release/better_sqlite3.node']);
  return dir;
}

const files = (dir: string) =>
  readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) =>
    join(entry.parentPath, entry.name),
  );

describe.skipIf(why !== undefined)(`make-release.sh${why === undefined ? '' : ` (${why})`}`, () => {
  it('makes a release from a clone without dependencies, and leaves the clone as it was', () => {
    const dir = tempDir();
    const [clone, release] = [join(dir, 'clone'), join(dir, 'release')];
    cloneInto(clone);
    const before = files(clone);

    const { status, stdout, stderr } = spawnSync(
      join(clone, 'deploy/make-release.sh'),
      [process.execPath, release],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          npm_config_better_sqlite3_local_prebuilds: packedSqlite(join(dir, 'prebuilds')),
          npm_config_prefer_offline: 'true',
        },
      },
    );

    expect({ status, said: `${stdout}${stderr}` }).toMatchObject({
      status: 0,
      said: expect.stringContaining('installing dependencies and compiling'),
    });
    expect(files(clone)).toEqual(before);
    const packages = readdirSync(join(release, 'node_modules')).map((path) => basename(path));
    expect(packages).toEqual(expect.arrayContaining(['better-sqlite3', 'fastify', 'sd-notify']));
    for (const tool of ['typescript', 'vitest']) expect(packages).not.toContain(tool);
    expect(existsSync(join(release, 'src'))).toBe(false);
    for (const program of ['sensor-main', 'sensor-api-write', 'sensorctl']) {
      const asked = [join(release, `dist/src/${program}.js`), '--version'];
      expect(spawnSync(process.execPath, asked, { encoding: 'utf8' })).toMatchObject({ status: 0 });
    }
  });
});
