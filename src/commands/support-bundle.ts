/** `sensorctl support bundle`: all that somebody needs who helps, in one file, with secrets masked. */

import { systemClock } from '../../lib/base/clock.ts';
import { EXIT } from '../../lib/base/errors.ts';
import { CHECKS } from '../../lib/ops/doctor/checks/index.ts';
import { examine } from '../../lib/ops/doctor/examine.ts';
import { createSystemProbe } from '../../lib/ops/doctor/system-probe.ts';
import { compactTime } from './backup-files.ts';
import { type Command, textOption } from './command.ts';
import { diagnosesAsJson, diagnosesInWords, tally, withProgress } from './doctor.ts';
import { writeBundle } from './doctor-bundle.ts';
import { subjectOf } from './doctor-subject.ts';
import { createProgress } from './progress.ts';
import { count } from './words.ts';

export const supportBundle: Command = {
  name: 'support bundle',
  about: 'put findings, journal and states into one file for somebody who helps, with secrets masked',
  options: {
    output: { value: 'FILE', about: 'this new .tar.gz (else one with the time in its name, here)' },
  },
  examples: [
    ['sensorctl support bundle', 'then look into it, and send it'],
    ['sudo sensorctl support bundle --output /tmp/report.tar.gz', 'root sees more'],
  ],
  async run(context) {
    const name = `sensor-gateway-${compactTime(context.wallMs())}.tar.gz`;
    const probe = createSystemProbe({ clock: systemClock, environment: context.environment });
    const subject = subjectOf(context);
    const checks = withProgress(CHECKS, createProgress(context));
    const found = await examine(checks, probe, subject, systemClock);
    const report = {
      words: diagnosesInWords(found, false).join('\n'),
      json: JSON.stringify(diagnosesAsJson(found)),
      atMs: context.wallMs(),
    };
    const target = { file: textOption(context, 'output') ?? name, option: '--output FILE.tar.gz' };
    const file = await writeBundle(target, report, probe, subject);
    const [failed, warnings] = [tally(found, 'fail'), tally(found, 'warn')];
    const { out, note } = context.terminal;
    if (context.json) await out(JSON.stringify({ file, failed, warnings }));
    else {
      await out(file);
      note(`${failed} failed, ${count(warnings, 'warning')}. Look into it before you send it.`);
    }
    return EXIT.ok;
  },
};
