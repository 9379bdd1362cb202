/** A supply or cable that is too weak damages cards and confuses sensors long before the machine goes down. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import { NotPermitted, type Probe } from '../probe.ts';

const SYSFS = '/sys/devices/platform/soc/soc:firmware/get_throttled';

/** As the firmware documents `get_throttled`: now, and the same 16 bits higher for "since the boot". */
const BITS = [
  [0x1, 'under-voltage'],
  [0x2, 'frequency capped'],
  [0x4, 'throttled'],
  [0x8, 'temperature limit'],
] as const;

export const POWER_FIX =
  'A supply and a cable made for this machine; what hangs on USB counts, too. For heat: air, or a heat sink.';

export const powerSupply: Check = {
  name: 'power-supply',
  step: 'power',
  asks: 'is the voltage high enough and the temperature low enough (Raspberry Pi)?',
  async run(probe) {
    const state = await throttled(probe);
    if (state === undefined) return notApplicable('no Raspberry Pi firmware tells of it');
    const [now, past] = [powerWords(state), powerWords(state >> 16)];
    if (now.length > 0) {
      const seen = `now: ${now.join(', ')} (0x${state.toString(16)})`;
      return now[0] === 'under-voltage' ? fail(seen, POWER_FIX) : warn(seen, POWER_FIX);
    }
    if (past.length > 0)
      return warn(`since the boot: ${past.join(', ')} (0x${state.toString(16)})`, POWER_FIX);
    return pass('neither under-voltage nor throttling since the boot');
  },
};

/** What these bits say. */
export function powerWords(bits: number): readonly string[] {
  return BITS.flatMap(([bit, name]) => (bits & bit ? [name] : []));
}

/** What the firmware of a Raspberry Pi says now and, 16 bits higher, since the boot; `undefined`: there is none. */
export async function throttled(probe: Probe): Promise<number | undefined> {
  const hex = (await probe.readFile(SYSFS))?.trim();
  if (hex !== undefined && /^[0-9a-f]{1,8}$/i.test(hex)) return Number.parseInt(hex, 16);
  const asked = await probe.run('vcgencmd', ['get_throttled']);
  if (asked === undefined) return undefined;
  const said = /throttled=0x([0-9a-f]{1,8})/i.exec(asked.stdout)?.[1];
  if (said === undefined) throw new NotPermitted('/dev/vcio (group video)');
  return Number.parseInt(said, 16);
}
