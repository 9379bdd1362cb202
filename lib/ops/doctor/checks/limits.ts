/** Whether limits that are set in different places go together: a check for each part of the doctor that has some. */

import { judge, titleOf } from '../../limits/contract.ts';
import { CONTRACTS } from '../../limits/contracts/index.ts';
import type { Limits } from '../../limits/limits.ts';
import { lookAtLimits } from '../../limits/look.ts';
import { type Check, type Finding, notApplicable, pass, type Step, type Subject } from '../finding.ts';
import type { Probe } from '../probe.ts';

/** One look at the machine for all four checks of a diagnosis. */
const looks = new WeakMap<Subject, Promise<Limits>>();

function lookAt(probe: Probe, subject: Subject): Promise<Limits> {
  const { dataDir, outboxFile, packageDir, clone } = subject;
  const look =
    looks.get(subject) ??
    lookAtLimits(probe, subject.limits, { dataDir, outboxFile, packageDir, units: !clone });
  looks.set(subject, look);
  return look;
}

function limitsOf(step: Step, asks: string): Check {
  return {
    name: `${step}-limits`,
    step,
    asks,
    async run(probe, subject) {
      const limits = await lookAt(probe, subject);
      const judged = CONTRACTS.filter((one) => one.step === step).map((one) => judge(one, limits));
      const violated = judged.filter(({ state }) => state === 'violated');
      if (violated.length > 0) {
        return violated.map(({ contract, evidence }): Finding => {
          const { verdict, fix } = contract;
          return { verdict, evidence: `${titleOf(contract)}: ${evidence}`, fix };
        });
      }
      const kept = judged.filter(({ state }) => state === 'kept').length;
      const unseen = judged.length - kept;
      if (kept === 0) return notApplicable('none of its contracts has both its limits here');
      const rest = unseen === 0 ? '' : `; ${unseen} more do not apply here, or cannot be seen`;
      return pass(`${kept} contracts between limits are kept${rest}`);
    },
  };
}

export const configLimits = limitsOf(
  'config',
  'do the settings go together, and with what the programs take for granted?',
);
export const diskLimits = limitsOf(
  'disk',
  'do the bounds of what is written go together with the room for it?',
);
export const systemdLimits = limitsOf(
  'systemd',
  'do the limits of units, programs and recovery script go together?',
);
export const memoryLimits = limitsOf(
  'memory',
  'do the memory limits go together with what is held, and with the machine?',
);
