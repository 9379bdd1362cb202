/** `sensorctl doctor --bundle FILE`: the findings, and what led to them, in one archive for whoever helps. */

import { rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { codeOf } from '../../lib/base/errors.ts';
import { tarOf } from '../../lib/base/tar.ts';
import { dossier } from '../../lib/ops/doctor/dossier.ts';
import type { Subject } from '../../lib/ops/doctor/finding.ts';
import type { Probe } from '../../lib/ops/doctor/probe.ts';
import { existsAlready, unwritable } from './unwritable.ts';

/** Whoever may read the journal is not everybody. */
const BUNDLE_MODE = 0o600;

/**
 * Returns where it lies. Throws `SGW_DATA_DIR_UNUSABLE` if it cannot be written, and leaves nothing then; `SGW_USAGE` if
 * something is there. `option`: what names the file.
 */
export async function writeBundle(
  { file, option }: { readonly file: string; readonly option: string },
  report: { readonly words: string; readonly json: string; readonly atMs: number },
  probe: Probe,
  subject: Subject,
): Promise<string> {
  const target = resolve(file);
  const own = [
    { name: 'doctor.txt', text: `${report.words}\n` },
    { name: 'doctor.json', text: `${report.json}\n` },
  ];
  const archive = tarOf(await dossier(probe, subject, own), report.atMs);
  const bytes = /\.(gz|tgz)$/.test(target) ? gzipSync(archive) : archive;
  try {
    // Never over something: a mistyped name must not cost a file.
    writeFileSync(target, bytes, { mode: BUNDLE_MODE, flag: 'wx' });
    return target;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw existsAlready(target, option);
    // On a full disk there is a part of it, which a second attempt would take for somebody's file.
    rmSync(target, { force: true });
    throw unwritable(target, error, option);
  }
}
