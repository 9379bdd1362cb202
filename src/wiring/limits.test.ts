/** Limits that are set in different places go together: as we ship them all of them, and each can fail to. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge, titleOf } from '../../lib/ops/limits/contract.ts';
import { CONTRACTS } from '../../lib/ops/limits/contracts/index.ts';
import type { Limits, Program } from '../../lib/ops/limits/limits.ts';
import { lookAtLimits } from '../../lib/ops/limits/look.ts';
import { inWords } from '../../lib/ops/limits/quantity.ts';
import { recordedProbe } from '../../test/support/recorded-probe.ts';
import { type Differing, SHIPPED_PLACE, shippedMachine } from '../../test/support/shipped-machine.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { type LoadedConfig, loadConfig } from './config.ts';
import { sayViolations, settledLimits } from './limits.ts';

function loaded(yaml: string): LoadedConfig {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ file, environment: {}, hostName: 'pi' });
}

const DEFAULTS = '{}';

/** What holds with these settings, on a shipped machine that differs in something. */
function limitsWith(yaml: string, differing: Differing = {}): Promise<Limits> {
  return lookAtLimits(recordedProbe(shippedMachine(differing)), settledLimits(loaded(yaml)), SHIPPED_PLACE);
}

/** Titles of the contracts in this state. */
function inState(state: string, limits: Limits): string[] {
  return CONTRACTS.filter((one) => judge(one, limits).state === state).map(titleOf);
}

/** Both programs fix these: only a change of the programs can break them. */
const fixedTo = (change: (fixed: Limits['fixed']) => Partial<Limits['fixed']>) => async () => {
  const limits = await limitsWith(DEFAULTS);
  return { ...limits, fixed: { ...limits.fixed, ...change(limits.fixed) } };
};
const unit = (program: Program, properties: Record<string, string>) => () =>
  limitsWith(DEFAULTS, { units: { [program]: properties } });
const setting = (yaml: string) => () => limitsWith(yaml);

/** The contract -> what violates it, and what the evidence names of that. */
const VIOLATIONS: Readonly<Record<string, readonly [limits: () => Promise<Limits>, evidence: RegExp]>> = {
  pause: [
    setting('delivery: {batch_timeout: 2m}'),
    /delivery\.batch_timeout \(2 min, .*config\.yaml:1:12\) .* breaker\.pauses \(1 min, the default\)/,
  ],
  request: [
    setting('destinations: [{name: a, url: "http://127.0.0.1:8470", batch_timeout: 40s}]'),
    /batch_timeout of destination a \(40 s, .*config\.yaml:1:1\) must be at most what the write API gives a request \(30 s, fixed\)/,
  ],
  round: [
    setting('sources: [{type: kernel, interval: 1m, deadline: 9s}]'),
    /deadline of source kernel \(9 s, .* four fifths of sampling\.interval \(8 s, the default\)/,
  ],
  hold: [setting('clock: {hold: 5s}'), /clock\.hold \(5 s, .*config\.yaml:1:9\)/],
  'keep-alive': [
    fixedTo(({ readerKeepAlive }) => ({ readerKeepAlive: { ...readerKeepAlive, value: 6_000 } })),
    /\(6 s, fixed\)/,
  ],
  peer: [
    fixedTo(({ peerSilence }) => ({ peerSilence: { ...peerSilence, value: 3_000 } })),
    /twice the beat of sensor-api-write \(4 s, fixed\)/,
  ],
  freshness: [
    fixedTo(({ healthFresh }) => ({ healthFresh: { ...healthFresh, value: 15_000 } })),
    /three times the beat of sensor-main \(30 s, fixed\) must be less than .* \(15 s, fixed\)/,
  ],
  outbox: [
    () => limitsWith(DEFAULTS, { freeMiB: 300 }),
    /to grow \(255 MiB, the default, .*outbox\.db\) must be less than .* \(236 MiB, \/var\/lib\/sensor-gateway, the default\)/,
  ],
  logs: [
    setting('outbox: {disk_reserve: 16MiB}'),
    /\(28 MiB, fixed\) must be less than outbox\.disk_reserve \(16 MiB, /,
  ],
  'sensor-api-write close': [
    fixedTo(({ apiClose }) => ({ apiClose: { ...apiClose, value: 4_000 } })),
    /\(4 s, fixed\)/,
  ],
  patience: [
    unit('sensor-main', { WatchdogUSec: '1min' }),
    /twice WatchdogSec= of sensor-main \(2 min, .* HEALTH_AGE_MAX_S \(90 s, /,
  ],
  ticket: [
    () => limitsWith(DEFAULTS, { script: { COOLDOWN_S: 1_800 } }),
    /\(90 min, .*monitor_and_recover\.sh\) must be less than RESTARTS_WINDOW_S \(1 h, /,
  ],
  'memory setting': [
    setting('memory: {max: 1GiB}'),
    /memory\.max \(1 GiB, .*config\.yaml:1:10\) must be at most MemoryMax= /,
  ],
  'machine memory': [
    () => limitsWith(DEFAULTS, { memoryMiB: 426 }),
    /\(832 MiB, .* the memory of the machine \(426 MiB, \/proc\/meminfo\)/,
  ],
  ...ofUnit('sensor-main'),
  ...ofUnit('sensor-api-write'),
  ...ofUnit('sensor-monitor'),
};

function ofUnit(program: Program): typeof VIOLATIONS {
  const name = (what: string) => `${program} ${what}`;
  return {
    [name('heartbeat')]: [
      unit(program, { WatchdogUSec: '3s', DropInPaths: '/etc/own.conf' }),
      new RegExp(
        `the beat of ${program} .* half of WatchdogSec= of ${program} \\(1\\.5 s, /etc/own\\.conf\\)`,
      ),
    ],
    [name('collection')]: [
      unit(program, { WatchdogUSec: '15s' }),
      /\(10 s, fixed\) must be less than half of .* \(7\.5 s, /,
    ],
    [name('batch')]: [
      unit(program, { WatchdogUSec: '600ms' }),
      /\(250 ms, fixed\) must be less than a third of .* \(200 ms, /,
    ],
    [name('start')]: [unit(program, { TimeoutStartUSec: '30s' }), /\(1 min, fixed\) .* \(30 s, /],
    [name('stop')]: [
      unit(program, { TimeoutStopUSec: '2s' }),
      /\(4\.5 s, fixed\) .* TimeoutStopSec= .* \(2 s, /,
    ],
    [name('start limit')]: [
      unit(program, { RestartUSec: '1min' }),
      /\(20 min, .* StartLimitIntervalSec= .* \(10 min, /,
    ],
    [name('recovery')]: [
      unit(program, { StartLimitBurst: '3' }),
      /RESTARTS_MAX \(3, .* StartLimitBurst= .* \(3, /,
    ],
    [name('cooldown')]: [unit(program, { TimeoutStartUSec: '10min' }), /\(10 min, .* COOLDOWN_S \(5 min, /],
    [name('threads')]: [unit(program, { TasksMax: '8' }), /\(15, fixed\) must be at most TasksMax= .* \(8, /],
    [name('files')]: [unit(program, { LimitNOFILESoft: '32' }), /LimitNOFILE= .* \(32, /],
    [name('memory told')]: [
      unit(program, { MemoryMax: '1073741824' }),
      /must be exactly MemoryMax= .* \(1 GiB, /,
    ],
    [name('caches')]: [
      unit(program, { Environment: 'SENSORGW_UNIT_MEMORY_MIB=90' }),
      /\(\d+(\.\d)? MiB, fixed\) must be less than 95 % of SENSORGW_UNIT_MEMORY_MIB of .* \(85\.5 MiB, /,
    ],
  };
}

describe('contracts between limits', () => {
  it('are all kept by the defaults, the units and the script that we ship', async () => {
    const limits = await limitsWith(DEFAULTS);

    expect(inState('violated', limits)).toEqual([]);
    // Nobody has set `memory.max`; all others are there to be kept.
    expect(inState('unknown', limits)).toEqual(['memory setting']);
    expect(inState('kept', await limitsWith('memory: {max: 256MiB}'))).toHaveLength(CONTRACTS.length);
  });

  it('have names of their own, and each has a violation below', () => {
    expect(CONTRACTS.map(titleOf).toSorted()).toEqual(Object.keys(VIOLATIONS).toSorted());
  });

  it.each(Object.entries(VIOLATIONS))(
    '%s can be violated, and then both numbers are named with their places',
    async (title, [limits, evidence]) => {
      const found = await limits();

      expect(inState('violated', found)).toContain(title);
      const contract = CONTRACTS.find((one) => titleOf(one) === title);
      expect(contract && judge(contract, found).evidence).toMatch(evidence);
      expect(contract?.fix).not.toBe('');
    },
  );

  it('with a unit hold against its drop-ins, too', async () => {
    const limits = await limitsWith(DEFAULTS, {
      units: {
        'sensor-main': {
          TimeoutStopUSec: '1s',
          DropInPaths: '/etc/systemd/system/sensor-main.service.d/own.conf',
        },
      },
    });
    const stop = CONTRACTS.find((one) => titleOf(one) === 'sensor-main stop');

    expect(stop && judge(stop, limits).evidence).toContain(
      '(1 s, /etc/systemd/system/sensor-main.service.d/own.conf)',
    );
  });

  it('that need a limit which nobody has set, or nobody can see, say nothing', async () => {
    const settled = settledLimits(loaded(DEFAULTS));
    const limits = await lookAtLimits(recordedProbe({}), settled, { ...SHIPPED_PLACE, units: false });

    expect(inState('violated', limits)).toEqual([]);
    expect(inState('unknown', limits)).toContain('sensor-main heartbeat');
  });

  it('a unit without a watchdog violates one of them, and not each that has to do with it', async () => {
    for (const WatchdogUSec of ['0', 'infinity']) {
      const limits = await limitsWith(DEFAULTS, { units: { 'sensor-main': { WatchdogUSec } } });

      expect(inState('violated', limits)).toEqual(['sensor-main heartbeat']);
    }
  });

  it('a pause that grows is no start limit that cannot be reached', async () => {
    const grows = { RestartUSec: '1min', RestartSteps: '5' };
    const limits = await limitsWith(DEFAULTS, { units: { 'sensor-main': grows } });

    expect(inState('violated', limits)).toEqual([]);
  });

  it('of clock and readings that do not wait at all is kept', async () => {
    expect(inState('violated', await limitsWith('clock: {hold: 0s}'))).toEqual([]);
  });

  it('are listed in docs/limits.md', async () => {
    const limits = await limitsWith(DEFAULTS);
    const rows = CONTRACTS.map((contract) => {
      const [left, right] = contract.sides(limits).map((one) => one && `${one.name}, ${inWords(one)}`);
      const { relation, otherwise } = contract;
      return `| ${titleOf(contract)} | ${left ?? 'memory.max'} | ${relation} | ${right} | ${otherwise} |`;
    });

    await expect([...HEADING, ...rows, ''].join('\n')).toMatchFileSnapshot('../../docs/limits.md');
  });
});

const HEADING = [
  '# Limits that must go together',
  '',
  'Each of these pairs of limits is set in two places, and must keep the relation between its two sides. The',
  'numbers are those that are shipped. A program says at its start which are not kept (`limits do not go together`',
  'in the journal), `sensorctl doctor` shows them as `config-limits`, `disk-limits`, `systemd-limits` and',
  '`memory-limits`, with both numbers, the places where they are set and what mends it. Nothing is refused for',
  'them: a machine that is badly tuned still takes its readings. This page is held to the code by a test.',
  '',
  '| contract | this | must be | that | otherwise |',
  '| --- | --- | --- | --- | --- |',
];

describe('at its start', () => {
  async function said(program: Program, yaml: string, differing: Differing, watchdogMs?: number) {
    const lines: string[] = [];
    await sayViolations({
      program,
      loaded: loaded(yaml),
      probe: recordedProbe(shippedMachine(differing)),
      place: SHIPPED_PLACE,
      watchdogMs,
      log: { warn: (_fields: object | string, line?: string) => void lines.push(line ?? '') },
    });
    return lines;
  }

  it('a program says nothing of limits that go together', async () => {
    expect(await said('sensor-main', DEFAULTS, {})).toEqual([]);
    expect(await said('sensor-api-write', DEFAULTS, {})).toEqual([]);
  });

  it('a program says what does not, with the fix, and each of the two only what is its own', async () => {
    const differing = {
      units: { 'sensor-main': { TimeoutStopUSec: '1s' }, 'sensor-api-write': { TasksMax: '5' } },
    };

    const ofReader = await said('sensor-main', 'breaker: {pauses: [1s]}', differing);
    const ofApi = await said('sensor-api-write', 'breaker: {pauses: [1s]}', differing);

    expect(ofReader).toEqual([
      expect.stringContaining(
        'limits do not go together (pause): delivery.batch_timeout (30 s, the default)',
      ),
      expect.stringMatching(/\(sensor-main stop\).*sudo systemctl edit sensor-main/),
    ]);
    expect(ofApi).toEqual([expect.stringContaining('(sensor-api-write threads)')]);
  });

  it('what the supervisor has told the program counts more than what it says of the unit', async () => {
    expect(await said('sensor-main', DEFAULTS, {}, 8_000)).toEqual([
      expect.stringContaining(
        '(sensor-main heartbeat): the beat of sensor-main (10 s, fixed) must be less than half of WatchdogSec= of sensor-main (4 s, ',
      ),
      expect.stringContaining('(sensor-main collection)'),
    ]);
  });
});
