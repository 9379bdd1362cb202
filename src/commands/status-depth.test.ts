import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { prefillOutbox } from '../../test/support/prefilled-outbox.ts';
import { gather } from './status-report.ts';

/** `npm run bench -- status-depth` does it with ten million, which takes minutes to make. */
const ROWS = 200_000;
const RATIO_MAX = 10;
const TURNS = 9;

it(`a status of an outbox with ${ROWS} waiting rows takes no more than ${RATIO_MAX} times as long as of an empty one`, async () => {
  const [empty, deep] = [0, ROWS].map((rows) => {
    const rig = commandRig();
    mkdirSync(rig.dataDir, { recursive: true });
    prefillOutbox(rig.dataDir, rows);
    return { rig, rows, tookMs: [] as number[] };
  });
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const one of [empty, deep]) {
      if (one === undefined) continue;
      const startedMono = performance.now();
      const report = await gather({
        options: {},
        json: true,
        terminal: { out: async () => {}, note() {}, colours: false },
        environment: { ...one.rig.environment, SENSORGW_API_PORT: '9' },
        wallMs: () => 0,
        hostName: 'pi',
        packageDir: join(one.rig.dataDir, 'none'),
      });
      one.tookMs.push(performance.now() - startedMono);
      expect(report.outbox).toMatchObject({ rows: one.rows });
    }
  }

  // The quickest of each: what the machine does meanwhile only ever adds.
  const [quickest, deepest] = [empty, deep].map((one) => Math.min(...(one?.tookMs ?? [])));
  expect((deepest ?? 0) / (quickest ?? 1)).toBeLessThan(RATIO_MAX);
});
