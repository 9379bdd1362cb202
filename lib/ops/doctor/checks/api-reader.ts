/** The reader at work, judged by the file that it renews with every heartbeat. */

import { HEALTH_FRESH_MS } from '../../health-file.ts';
import { type Check, fail, pass, warn } from '../finding.ts';

export const apiReader: Check = {
  name: 'api-reader',
  step: 'api',
  asks: 'is the reader at work, and of this version?',
  async run(probe, subject) {
    const { runDir, version } = subject;
    const file = `${runDir}/sensor-main.health.json`;
    const text = await probe.readFile(file);
    const start = 'sudo systemctl start sensor-main; in a clone: npm start';
    if (text === undefined) return fail(`it is not running: there is no ${file}`, start);
    // Not by wall time: a clock that has just been set must not make a reader look dead.
    const ageMs = subject.nowMono - Number(/"generated_mono_ms":(\d{1,15})/.exec(text)?.[1]);
    const theirs = /"version":"([0-9A-Za-z.+-]{1,32})"/.exec(text)?.[1] ?? 'unknown';
    const pid = /"pid":(\d{1,10})/.exec(text)?.[1] ?? '';
    const isThere = (await probe.stat(`/proc/${pid || 'none'}`)) !== undefined;
    // In a file of an earlier boot it is the pid of somebody else.
    if (!isThere || ageMs < -HEALTH_FRESH_MS) return fail('it has ended without a word', start);
    const ageS = Math.max(0, Math.round(ageMs / 1_000));
    if (!(ageMs < HEALTH_FRESH_MS)) {
      return fail(
        `its last sign of life is ${ageS} s old: it is there (pid ${pid}) and does not move`,
        'sudo systemctl restart sensor-main; journalctl -u sensor-main -n 50',
      );
    }
    if (theirs !== version) {
      return warn(
        `the reader that runs is ${theirs}, and ${version} is installed`,
        'sudo systemctl restart sensor-main',
      );
    }
    return pass(`reader ${theirs}, pid ${pid}, last sign of life ${ageS} s ago`);
  },
};
