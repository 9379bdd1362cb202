/** Asks one of our own commands in a process of its own: a database on a dying disk may hang whoever opens it. */

import type { Subject } from './finding.ts';
import { NotPermitted, type Probe } from './probe.ts';

export type OwnAnswer =
  | { readonly ok: true; readonly json: Readonly<Record<string, unknown>> }
  /** The words and the code of the failure: `SGW_DATABASE_MISSING`. */
  | { readonly ok: false; readonly code: string; readonly message: string; readonly hint: string };

/** `args` without `--json`. Throws `NoAnswer`, and `NotPermitted` where the way there is barred. */
export async function askOwn(probe: Probe, subject: Subject, ...args: string[]): Promise<OwnAnswer> {
  const line = [subject.sensorctl, ...args, '--json', '--data-dir', subject.dataDir];
  const ran = await probe.run(subject.node, line);
  if (ran === undefined) return { ok: false, code: '', message: `${subject.node} is gone`, hint: '' };
  if (ran.code === 0) return { ok: true, json: parsed(ran.stdout) };
  const said = /^sensorctl: (.*)\n(?:(.*) )?\((SGW_[A-Z_]+)\)$/m.exec(ran.stderr);
  const [, message = ran.stderr.trim(), hint = '', code = ''] = said ?? [];
  if (code === 'SGW_DATA_DIR_UNUSABLE' && subject.uid !== 0) throw new NotPermitted(subject.dataDir);
  // What is wrong with it is another check's news, and the database may be well.
  if (code.startsWith('SGW_CONFIG_'))
    throw new NotPermitted(`${subject.dataDir} while the configuration stands in the way`);
  return { ok: false, code, message, hint };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
