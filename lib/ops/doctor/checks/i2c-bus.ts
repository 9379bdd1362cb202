/** The buses that sources use: there, and open to whoever reads them. */

import { type Check, type Finding, fail, notApplicable, pass } from '../finding.ts';
import type { Probe } from '../probe.ts';
import { modeInWords, type ServiceUser, serviceUser } from '../service-user.ts';

export const i2cBus: Check = {
  name: 'i2c-bus',
  step: 'i2c',
  asks: 'are the I2C buses of the sources there, and may the service use them?',
  async run(probe, { i2cBuses }) {
    const buses = [...new Set(i2cBuses)];
    if (buses.length === 0) return notApplicable('no source is on an I2C bus');
    const service = await serviceUser(probe);
    for (const bus of buses) {
      const trouble = await troubleOf(probe, `/dev/i2c-${bus}`, service);
      if (trouble !== undefined) return trouble;
    }
    return pass(`${buses.map((bus) => `/dev/i2c-${bus}`).join(', ')}: there, and open to the service`);
  },
};

async function troubleOf(
  probe: Probe,
  device: string,
  service: ServiceUser | undefined,
): Promise<Finding | undefined> {
  const stat = await probe.stat(device, { follow: true });
  if (stat === undefined) {
    return fail(
      `${device} does not exist: I2C is switched off, or the bus has another number (ls /dev/i2c-*)`,
      'sudo raspi-config nonint do_i2c 0 && sudo reboot; elsewhere: sudo modprobe i2c-dev',
    );
  }
  if (service === undefined || (stat.mode & 0o006) === 0o006) return undefined;
  const seen = `${device} has mode ${modeInWords(stat.mode)} and group ${stat.gid}`;
  if (service.gids.includes(stat.gid) && (stat.mode & 0o060) === 0o060) return undefined;
  return fail(
    `${seen}, and ${service.name} is not in it`,
    `sudo usermod -aG $(stat -c %G ${device}) ${service.name} && sudo systemctl restart sensor-main`,
  );
}
