/** What systemd says of the units, and what the recovery script has left behind. */

import { recoveryTraces } from '../../doctor/checks/systemd-recovery.ts';
import { SERVICES, type UnitState, unitState } from '../../doctor/units.ts';
import type { EndLook } from '../../invariants/look.ts';
import { endsFile, endsIn } from '../unit-ends.ts';
import type { PartLook } from './part.ts';

export const unitsPart: PartLook = {
  part: 'units',
  async look({ probe, place }) {
    if (!place.units) return {};
    const units: Record<string, UnitState> = {};
    for (const service of SERVICES) {
      const state = await unitState(probe, service);
      // systemd does not run this machine.
      if (state === undefined) return {};
      if (state.LoadState === 'loaded') units[service.replace(/\.service$/, '')] = state;
    }
    return { units };
  },
};

/** How they have ended, which systemd forgets with the next start. */
export const endsPart: PartLook = {
  part: 'ends',
  async look({ ask, probe, place }) {
    const uptime = place.units ? await probe.readFile('/proc/uptime') : undefined;
    if (uptime === undefined) return {};
    const ends: Record<string, readonly EndLook[]> = {};
    for (const unit of SERVICES.map((service) => service.replace(/\.service$/, ''))) {
      const text = await ask('readText', endsFile(place.runDir, unit));
      ends[unit] = endsIn(text ?? '', Number.parseFloat(uptime) * 1_000);
    }
    return { ends };
  },
};

/** It runs once a minute. */
const RECOVERY_EVERY_MS = 60_000;

export const recoveryPart: PartLook = {
  part: 'recovery',
  everyMs: RECOVERY_EVERY_MS,
  async look({ probe, place }, { at }) {
    const recovery = place.units ? await recoveryTraces(probe, at) : undefined;
    return recovery === undefined ? {} : { recovery };
  },
};
