/** This product's version, from the package.json that lies above the sources and above the build alike. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the product is installed: the directory of package.json. */
export const PACKAGE_DIR = packageDir(dirname(fileURLToPath(import.meta.url)));

export const VERSION = readVersion(join(PACKAGE_DIR, 'package.json'));

function packageDir(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const above = dirname(from);
  if (above === from) throw new Error('no package.json above this file: the installation is incomplete');
  return packageDir(above);
}

function readVersion(file: string): string {
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown };
  return typeof version === 'string' ? version : '0.0.0';
}
