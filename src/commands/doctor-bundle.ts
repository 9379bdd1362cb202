/** `sensorctl doctor --bundle FILE`: the findings, and what led to them, in one archive for whoever helps. */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { codeOf, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { tarOf } from '../../lib/base/tar.ts';
import { dossier } from '../../lib/ops/doctor/dossier.ts';
import type { Subject } from '../../lib/ops/doctor/finding.ts';
import type { Probe } from '../../lib/ops/doctor/probe.ts';

/** Whoever may read the journal is not everybody. */
const BUNDLE_MODE = 0o600;

/** Returns where it lies. Throws `SGW_DATA_DIR_UNUSABLE` if it cannot be written, or something is there. */
export async function writeBundle(
  file: string,
  report: { readonly words: string; readonly json: string },
  probe: Probe,
  subject: Subject,
): Promise<string> {
  const target = resolve(file);
  const own = [
    { name: 'doctor.txt', text: `${report.words}\n` },
    { name: 'doctor.json', text: `${report.json}\n` },
  ];
  const archive = tarOf(await dossier(probe, subject, own), subject.nowMs);
  try {
    const bytes = /\.(gz|tgz)$/.test(target) ? gzipSync(archive) : archive;
    // Never over something: a mistyped name must not cost a file.
    writeFileSync(target, bytes, { mode: BUNDLE_MODE, flag: 'wx' });
    return target;
  } catch (error) {
    const why = codeOf(error) === 'EEXIST' ? 'it exists already' : messageOf(error);
    throw new GatewayError('SGW_DATA_DIR_UNUSABLE', `cannot write ${target}: ${why}`, {
      hint: 'Name another file: --bundle FILE.tar.gz',
      cause: error,
    });
  }
}
