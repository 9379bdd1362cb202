import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { noteQuarantined, noteSalvageFailed, SALVAGES_MAX } from '../../lib/base/quarantine-shelf.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import { rangesOfSeqs } from '../../lib/flow/seq-ranges.ts';
import { createWriteApi } from '../../lib/flow/write-api/server.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { status } from './status.ts';

/** A gateway as it looks when all is well: outbox, health file, a real write API on a port of its own. */
async function healthyGateway() {
  const rig = commandRig();
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  const world = createTestWorld();
  const store = createSqliteStore({ file: join(rig.dataDir, 'store.db'), world });
  const api = createWriteApi({ store, world, version: '1.2.3', defaultGateway: 'pi' });
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await api.close();
    await store.close();
  });
  rig.environment.SENSORGW_API_PORT = String(port);
  const writeHealth = (more: object = {}) =>
    writeFileSync(
      join(rig.dataDir, 'sensor-main.health.json'),
      JSON.stringify({ pid: process.pid, version: '1.2.3', generated_at: INCIDENT_AT - 1_000, ...more }),
    );
  writeHealth();
  return { ...rig, outbox, writeHealth };
}

async function jsonOf(rig: Pick<Awaited<ReturnType<typeof healthyGateway>>, 'run'>) {
  const { exitCode, out } = await rig.run(status, { json: true });
  return { exitCode, ...JSON.parse(out[0] ?? '') };
}

describe('sensorctl status', () => {
  it('exits with 0 when all is well', async () => {
    const rig = await healthyGateway();

    const { exitCode, out } = await rig.run(status);

    expect(out.join('\n')).toContain(`running (pid ${process.pid}, version 1.2.3)`);
    expect(out.join('\n')).toContain('breaker closed; nothing waiting');
    expect(out.filter((line) => line.startsWith('look'))).toEqual([]);
    expect(exitCode).toBe(0);
    expect(await jsonOf(rig)).toMatchObject({
      ok: true,
      problems: [],
      reader: { state: 'running' },
      api: { state: 'up' },
    });
  });

  it('calls quiet hours no trouble, and says until when they last', async () => {
    const rig = await healthyGateway();
    const quiet = { untilAt: INCIDENT_AT + 60_000, untilMono: 1, words: 'until 06:00' };
    rig.writeHealth({
      sampling: {
        sources: [
          { name: 'lamp', failures: 9, lastFailure: { message: 'no chip answers' }, quiet },
          { name: 'attic', failures: 0, lastOkAt: INCIDENT_AT },
        ],
      },
      destinations: [{ name: 'local', quiet }],
    });

    const { exitCode, out } = await rig.run(status);

    expect(out.join('\n')).toContain('2 sources, 1 of them quiet until 06:00, and all others answer');
    expect(out.join('\n')).toContain('quiet until 06:00; breaker closed; nothing waiting');
    expect(exitCode).toBe(0);
    expect(await jsonOf(rig)).toMatchObject({
      ok: true,
      destinations: [{ name: 'local', quiet_until: '2026-01-15T16:10:35.000Z' }],
    });
  });

  it('wants a look at a source that has failed three times in a row, and at a bus that hangs', async () => {
    const rig = await healthyGateway();
    const source = (name: string, failures: number) => ({
      name,
      failures,
      lastFailure: { reason: 'error', message: 'nobody answers' },
    });
    rig.writeHealth({ sampling: { sources: [source('attic', 2), source('pond', 0)] } });
    const before = await rig.run(status);
    rig.writeHealth({
      sampling: { sources: [source('attic', 3), source('pond', 0)] },
      i2c_buses: [
        { bus: 1, state: 'stuck', stuckSinceAt: INCIDENT_AT - 60_000 },
        { bus: 3, state: 'free' },
      ],
    });
    const { exitCode, out } = await rig.run(status);

    expect(before.exitCode).toBe(0);
    expect(before.out).toContain('ok    sensors     2 sources, of which just now attic did not answer');
    expect(exitCode).toBe(1);
    expect(out.filter((line) => line.includes('sensors'))).toEqual([
      'look  sensors     source attic fails: nobody answers',
      'look  sensors     I2C bus 1 has been stuck for 60 s: power its sensors off and on, or unplug them one by one',
    ]);
    expect((await jsonOf(rig)).problems).toContain('source attic fails: nobody answers');
  });

  it('wants a look at a series whose latest value is suspect, unless it only warms up', async () => {
    const rig = await healthyGateway();
    const series = (metric: string, suspect?: object) => ({ sensor: 'attic', metric, suspect, counts: {} });
    const quality = [
      series('temperature', { check: 'range', message: 'is more than 60' }),
      series('co2', { check: 'warm_up', message: 'is of the first 5 min of its sensor' }),
      series('humidity'),
    ];
    rig.writeHealth({ sampling: { sources: [{ name: 'attic', failures: 0, quality }] } });

    const { exitCode, out } = await rig.run(status);

    expect(exitCode).toBe(1);
    expect(out.filter((line) => line.startsWith('look'))).toEqual([
      'look  sensors     temperature of attic is suspect (range): the latest value is more than 60',
    ]);
  });

  it('counts means apart from readings', async () => {
    const rig = await healthyGateway();
    const store = createSqliteStore({ file: join(rig.dataDir, 'store.db'), world: createTestWorld() });
    await store.ingest([
      {
        stream: 'meansstream',
        gateway: 'attic',
        series: [{ gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' }],
        rows: [
          [1, 0, INCIDENT_AT - 60_000, 20.4, FLAG.thinned, [6, 20, 21, 20, 21, 50_000, 0, 1, 6]],
          [2, 0, INCIDENT_AT - 1_000, 20.5],
        ],
        refused: [],
        gone: [],
        sources: ['rawstream'],
        corrections: [],
      },
    ]);
    await store.close();

    const { out } = await rig.run(status);

    expect(out.join('\n')).toContain(
      '2 readings of 1 series (1 of them means of 6), the newest from 1 s ago',
    );
    expect((await jsonOf(rig)).store).toMatchObject({ readings: 2, means: { readings: 1, stand_for: 6 } });
  });

  it('says that the outbox was rolled back, for a month, and calls it no problem', async () => {
    const rig = await healthyGateway();
    rig.outbox.noteRollback('local', { stream: 'lostcopy1', ours: 10, theirs: 40, lacking: [] });

    const { exitCode, out } = await rig.run(status);

    expect(exitCode).toBe(0);
    expect(out.find((line) => line.includes('rolled back'))).toMatch(
      /noticed 0 s ago: this outbox was restored or cloned; local has stream lostcopy1 up to 40, and this file up to 10/,
    );
    expect((await jsonOf(rig)).rollbacks).toMatchObject([{ destination: 'local', ours: 10, theirs: 40 }]);
  });

  it('forecasts how long the outbox lasts and how long a drain takes, but only while something waits', async () => {
    const rig = await healthyGateway();
    const before = await rig.run(status);
    rig.outbox.append(someReadings(1_000));
    const outage = {
      state: 'open',
      streak: 3,
      step: 0,
      reason: 'timeout',
      held: false,
      nextTryAt: null,
    } as const;
    rig.outbox.saveBreaker('local', { ...outage, sinceAt: INCIDENT_AT });
    const { out } = await rig.run(status);

    expect(before.out.join('\n')).not.toContain('forecast');
    expect(out.find((line) => line.includes('forecast'))).toMatch(
      /^ {6}forecast {4}the outbox lasts \d+ (years|d|h) at this rate, unthinned for \d+ (d|h); draining it takes less than 1 s$/,
    );
    expect((await jsonOf(rig)).forecast.drain_s).toBe(1);
  });

  it('says for how long a breaker has been open, why, and what waits', async () => {
    const rig = await healthyGateway();
    rig.outbox.append(someReadings(5));
    rig.outbox.acknowledge('local', rig.outbox.stream, rangesOfSeqs([1, 2]));
    rig.outbox.saveBreaker('local', {
      state: 'open',
      streak: 3,
      step: 1,
      reason: 'connect ECONNREFUSED\n\u001b[2J',
      sinceAt: INCIDENT_AT - 41 * 60_000,
      held: false,
      nextTryAt: INCIDENT_AT + 12_000,
    });
    rig.outbox.flush();

    const { exitCode, out } = await rig.run(status);

    expect(exitCode).toBe(1);
    expect(out.find((line) => line.includes('to local'))).toBe(
      'look  to local    breaker open for 41 min (connect ECONNREFUSED\\n\\u001b[2J), next try in 12 s; 3 readings waiting, the oldest from 0 s ago',
    );
  });

  it('says that a person holds a breaker, and for how long', async () => {
    const rig = await healthyGateway();
    rig.outbox.saveBreaker('local', {
      state: 'open',
      streak: 0,
      step: 0,
      reason: 'upgrade',
      sinceAt: INCIDENT_AT - 180_000,
      held: true,
      nextTryAt: null,
    });

    expect((await rig.run(status)).out.join('\n')).toContain(
      'breaker held open by a person for 3 min (upgrade); nothing waiting',
    );
    expect((await jsonOf(rig)).problems).toEqual(['the breaker of local is held open by a person']);
  });

  it.each([
    ['misconfigured', 'HTTP 401', 'HTTP 401'],
    [
      'stored',
      'refused for now: future: too far ahead',
      'some readings are refused for now: future: too far ahead',
    ],
  ] as const)(
    'wants a look at a closed breaker whose destination answers %s: %s',
    async (kind, reason, said) => {
      const rig = await healthyGateway();
      rig.outbox.noteOutcome('local', { kind, reason, sinceAt: INCIDENT_AT });

      const { exitCode, out } = await rig.run(status);

      expect(exitCode).toBe(1);
      expect(out.find((line) => line.includes('to local'))).toBe(
        `look  to local    breaker closed, but ${said}; nothing waiting`,
      );
      expect((await jsonOf(rig)).problems).toEqual([`local: ${said}`]);
    },
  );

  it('calls readings of tomorrow waiting: a clock was ahead when they were taken', async () => {
    const rig = await healthyGateway();
    rig.outbox.append(someReadings(3).map((one) => ({ ...one, at: INCIDENT_AT + 86_400_000 })));

    expect((await rig.run(status)).out.join('\n')).toContain('3 readings waiting');
  });

  it('believes the running reader about a backlog that the file will know with the next round', async () => {
    const rig = await healthyGateway();
    rig.outbox.append(someReadings(5));

    expect((await jsonOf(rig)).destinations).toMatchObject([{ backlog_rows: 5 }]);
    rig.writeHealth({ destinations: [{ name: 'local', backlog: { rows: 0 } }] });
    expect((await jsonOf(rig)).destinations).toMatchObject([{ backlog_rows: 0, backlog_oldest_at: null }]);
  });

  it('does not call the last round a backlog', async () => {
    const rig = await healthyGateway();
    const round = (ageMs: number) => someReadings(3).map((one) => ({ ...one, at: INCIDENT_AT - ageMs }));

    rig.outbox.append(round(9_000));
    expect((await rig.run(status)).out.join('\n')).toContain('breaker closed; up to date');
    rig.outbox.append(round(60_000));
    rig.outbox.acknowledge('local', rig.outbox.stream, rangesOfSeqs([1, 2, 3]));
    rig.outbox.flush();
    expect((await rig.run(status)).out.join('\n')).toContain('3 readings waiting, the oldest from 60 s ago');
  });

  it.each([
    ['silent', { generated_at: INCIDENT_AT - 60_000 }],
    ['not running', { pid: 2 ** 30 }],
    ['not running', { pid: 'x' }],
  ])('calls a reader %s whose health file says %j', async (state, health) => {
    const rig = await healthyGateway();
    rig.writeHealth(health);

    expect(await jsonOf(rig)).toMatchObject({
      exitCode: 1,
      problems: [`the reader is ${state}`],
      reader: { state },
    });
  });

  it('survives a health file of another form', async () => {
    const rig = await healthyGateway();
    for (const text of ['', '[1]', 'null', '{"pid":', '{"destinations":7}']) {
      writeFileSync(join(rig.dataDir, 'sensor-main.health.json'), text);
      expect((await jsonOf(rig)).reader.state).toBe('not running');
    }
  });

  it('recognises a stranger on the port, and an API that is down', async () => {
    const rig = await healthyGateway();
    const stranger = createServer((_request, response) => response.end('<html>'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    rig.environment.SENSORGW_API_PORT = String(port);

    expect((await jsonOf(rig)).api.state).toBe('foreign');
    await new Promise((resolve) => stranger.close(resolve));
    expect(await jsonOf(rig)).toMatchObject({ exitCode: 1, api: { state: 'down' } });
  });

  it('counts dead letters as something to look at', async () => {
    const rig = await healthyGateway();
    const { stream } = rig.outbox.append(someReadings(1));
    rig.outbox.bury('local', stream ?? '', [{ seq: 1, code: 'too_old', message: 'older than a year' }]);

    expect((await jsonOf(rig)).problems).toEqual(['1 dead letter']);
  });

  it('names a quarantined file, and looks at one that cannot be salvaged', async () => {
    const rig = await healthyGateway();
    const dir = join(rig.dataDir, 'quarantine', '2026-01-01');
    mkdirSync(dir, { recursive: true });
    noteQuarantined(dir, { reason: 'its header is damaged', at: INCIDENT_AT, firstSeq: 9 });
    writeFileSync(join(dir, 'outbox.db'), 'rows');

    const waiting = await rig.run(status);
    for (let time = 0; time < SALVAGES_MAX; time += 1) noteSalvageFailed(dir, 'no idea');
    const givenUp = await rig.run(status);

    expect(waiting.exitCode).toBe(0);
    expect(waiting.out.join('\n')).toMatch(/ok {4}quarantine {2}.*its header is damaged; being salvaged/);
    expect(givenUp.exitCode).toBe(1);
    expect(givenUp.out.join('\n')).toMatch(/look {2}quarantine {2}.*cannot be salvaged \(no idea\)/);
    expect((await jsonOf(rig)).problems).toEqual([`outbox.db in ${dir} cannot be salvaged: no idea`]);
  });

  it('names a quarantined store, too', async () => {
    const rig = await healthyGateway();
    const dir = join(rig.dataDir, 'quarantine', '2026-01-02');
    mkdirSync(dir, { recursive: true });
    noteQuarantined(dir, { file: 'store.db', reason: 'a page is damaged', at: INCIDENT_AT });
    writeFileSync(join(dir, 'store.db'), 'rows');

    const { out } = await rig.run(status);

    expect(out.join('\n')).toMatch(
      /ok {4}quarantine {2}.*2026-01-02: store\.db, .*a page is damaged; being salvaged/,
    );
    expect((await jsonOf(rig)).quarantine).toMatchObject([{ dir, file: 'store.db', state: 'waiting' }]);
  });

  it('names readings that are only in memory, and those that a full outbox has thinned or given up', async () => {
    const rig = await healthyGateway();
    rig.writeHealth({ held: 15, counts: { thinned: 6_000, shed: 2_000 } });

    expect((await jsonOf(rig)).problems).toEqual([
      'the disk takes no readings: 15 readings only in memory',
      'the outbox was full: 6,000 rows thinned to means since the reader started',
      'the outbox was full: 2,000 readings given up since the reader started',
    ]);
    expect((await rig.run(status)).out.filter((line) => line.startsWith('look'))).toEqual([
      'look  disk        the disk takes no readings: 15 readings only in memory',
      'look  disk        the outbox was full: 6,000 rows thinned to means since the reader started',
      'look  disk        the outbox was full: 2,000 readings given up since the reader started',
    ]);
  });

  it('says what is not there yet on a machine where nothing has run', async () => {
    const { run } = commandRig();

    const { exitCode, out } = await run(status);

    expect(exitCode).toBe(1);
    expect(out.filter((line) => line.endsWith('none yet'))).toHaveLength(2);
  });
});
