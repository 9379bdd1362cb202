/** Asks one of our own commands in a process of its own: a database on a dying disk may hang whoever opens it. */

import type { Subject } from './finding.ts';
import type { Probe } from './probe.ts';

export type OwnAnswer =
  | { readonly ok: true; readonly json: Readonly<Record<string, unknown>> }
  /** The words and the code of the failure: `SGW_DATABASE_MISSING`. */
  | { readonly ok: false; readonly code: string; readonly message: string; readonly hint: string };

/** `args` without `--json`. Throws `NoAnswer`. */
export async function askOwn(probe: Probe, subject: Subject, ...args: string[]): Promise<OwnAnswer> {
  const line = [subject.sensorctl, ...args, '--json', '--data-dir', subject.dataDir];
  const ran = await probe.run(subject.node, line);
  if (ran === undefined) return { ok: false, code: '', message: `${subject.node} is gone`, hint: '' };
  if (ran.code === 0) return { ok: true, json: parsed(ran.stdout) };
  const said = /^sensorctl: (.*)\n(?:(.*) )?\((SGW_[A-Z_]+)\)$/m.exec(ran.stderr);
  const [, message = ran.stderr.trim(), hint = '', code = ''] = said ?? [];
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
