/** What a directory lies on, from the kernel's own table of mounts. */

import type { Probe } from './probe.ts';

export interface Mount {
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  /** Major and minor number: `179:2`. The kernel may call a source `/dev/root`, which is no device. */
  readonly device: string;
  readonly readOnly: boolean;
}

/** `undefined` if the kernel does not tell. Links in `path` are followed. */
export async function mountOf(probe: Probe, path: string): Promise<Mount | undefined> {
  const table = await probe.readFile(MOUNTS);
  if (table === undefined) return undefined;
  return mountIn(table, (await probe.run('readlink', ['-m', '--', path]))?.stdout.trim() || path);
}

/** The kernel's table, as the process that reads it sees its mounts. */
export const MOUNTS = '/proc/self/mountinfo';

/** `real` is a path without links. */
export function mountIn(table: string, real: string): Mount | undefined {
  const mounts = table.split('\n').flatMap((line) => parse(line) ?? []);
  const above = mounts.filter(({ mountPoint }) => isWithin(real, mountPoint));
  // Of two mounts on one point the later covers the earlier.
  return above.reduceRight<Mount | undefined>(
    (best, one) => (best === undefined || one.mountPoint.length > best.mountPoint.length ? one : best),
    undefined,
  );
}

/** `25 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw`, as in proc(5). */
function parse(line: string): Mount | undefined {
  const [left = '', right] = line.split(' - ');
  const [, , device = '', , mountPoint, options = ''] = left.split(' ');
  const [type, source = '', superOptions = ''] = right?.split(' ') ?? [];
  if (mountPoint === undefined || type === undefined) return undefined;
  // A card with errors is turned read-only as a whole, which the mount itself need not say.
  const readOnly = [...options.split(','), ...superOptions.split(',')].includes('ro');
  return { mountPoint: unescaped(mountPoint), type, source: unescaped(source), device, readOnly };
}

/** The kernel writes blanks and backslashes as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function isWithin(path: string, dir: string): boolean {
  return dir === '/' || path === dir || path.startsWith(`${dir}/`);
}

/** The directory, or the nearest one above it that exists: where it would be made. */
export async function nearestExisting(probe: Probe, dir: string): Promise<string> {
  let path = dir;
  while (path !== '/' && (await probe.stat(path)) === undefined) path = path.replace(/\/[^/]*$/, '') || '/';
  return path;
}
