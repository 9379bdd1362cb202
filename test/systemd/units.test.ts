/**
 * The units as systemd itself sees them, the oldest that we support and a newer one: it understands every
 * line, and the programs do their work inside the sandbox whose exposure is measured.
 */

import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, type Release, whyNoBootedMachine } from '../support/booted-machine.ts';
import { API, installGateway, isStored, READER } from './installed-gateway.ts';

const MAKING_MS = 300_000;
const UNITS_MS = 120_000;

const why = whyNoBootedMachine();

const RELEASES: readonly (readonly [version: number, release: Release])[] = [
  [252, 'bookworm'],
  [257, 'trixie'],
];

/** Exposure in tenths: what `systemd-analyze security --threshold` takes. */
const EXPOSURE_MAX = { [READER]: 20, [API]: 15 };

beforeAll(() => {
  if (why === undefined) for (const [, release] of RELEASES) bootableRoot(release);
}, MAKING_MS);

describe.skipIf(why !== undefined).concurrent(
  `the units${why === undefined ? '' : ` (${why})`}`,
  {
    timeout: UNITS_MS,
  },
  () => {
    it.for(RELEASES)(
      'are understood by systemd %d, work in their sandbox, and expose little',
      async ([version, release], { expect, onTestFinished }) => {
        const gateway = await installGateway({ release, onTestFinished });
        await gateway.do('systemctl', 'start', API, READER);
        await gateway.said(READER, isStored, 2);

        expect(await gateway.do('systemctl', '--version')).toContain(`systemd ${version} `);
        const units = [READER, API].map((unit) => `/etc/systemd/system/${unit}`);
        expect(await gateway.run('systemd-analyze', 'verify', '--man=no', ...units)).toMatchObject({
          code: 0,
          stderr: '',
        });
        for (const [unit, threshold] of Object.entries(EXPOSURE_MAX)) {
          const { code, stdout } = await gateway.run(
            'systemd-analyze',
            'security',
            `--threshold=${threshold}`,
            unit,
          );
          expect({ unit, code, last: stdout.trim().split('\n').at(-1) }).toMatchObject({ code: 0 });
          expect(await gateway.show(unit)).toMatchObject({ ActiveState: 'active', NRestarts: '0' });
        }
        expect(await gateway.accountForAll()).toBeGreaterThan(0);
      },
    );
  },
);
