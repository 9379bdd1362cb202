/**
 * What a virtual machine sees as /opt/sensor-gateway: the built project, compiled parts of the tests, and the
 * one who takes their orders (guest-agent.sh).
 */

import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { compileInto } from '../support/compile.js';
import { run } from '../support/debian-root.ts';

const ROOT = join(import.meta.dirname, '../..');

const PARTS = [
  'dist',
  'package.json',
  'sensor-main.service',
  'sensor-api-write.service',
  'sensor-monitor.service',
  'deploy/sensor-gateway.sysusers.conf',
  'deploy/note-end.sh',
];

/** An ext4 image in `dir`; the tests' files lie under payload/, each under its own path. */
export function appImage(dir: string, files: readonly string[]): string {
  const app = join(dir, 'app');
  mkdirSync(app);
  for (const name of PARTS) cpSync(join(ROOT, name), join(app, name), { recursive: true });
  for (const path of productionPackages()) {
    cpSync(join(ROOT, path), join(app, path), {
      recursive: true,
      // Not the sources of what is compiled, a hundred times the size of the rest, nor what only people read.
      filter: (from) => !/better-sqlite3\/(deps|build\/Release\/obj)(\/|$)|\.(d\.[cm]?ts|map|md)$/.test(from),
    });
  }
  cpSync(join(import.meta.dirname, 'guest-agent.sh'), join(app, 'guest-agent'));
  const compiled = join(dir, 'compiled');
  mkdirSync(compiled);
  mkdirSync(join(app, 'payload'));
  if (files.length > 0) compileInto(compiled, files);
  for (const part of ['package.json', 'lib', 'src', 'test']) {
    const from = join(compiled, part);
    if (existsSync(from)) cpSync(from, join(app, 'payload', part), { recursive: true });
  }
  // The units name the release that an installation calls the current one.
  symlinkSync('.', join(app, 'current'));
  const image = join(dir, 'app.ext4');
  run('mke2fs', ['-q', '-t', 'ext4', '-d', app, image, '200M']);
  run('rm', ['-rf', app, compiled]);
  return image;
}

/** Where the packages lie that the programs need when they run. */
function productionPackages(): string[] {
  const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  );
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(ROOT, path)))
    .map(([path]) => path);
}
