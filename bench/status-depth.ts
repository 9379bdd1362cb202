/**
 * Whether a backlog makes `sensorctl status` slow: how long its report takes to gather with 10^7 rows waiting in the
 * outbox, as a ratio to an empty one. In one process, so that the start of Node, which is the same for both, does not
 * hide the difference; the two take turns.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../lib/base/clock.ts';
import { gather, problemsOf } from '../src/commands/status-report.ts';
import { fillOutbox } from './fill-outbox.ts';
import { median, report } from './report.ts';

const DEPTHS = [0, 10_000_000];
const TURNS = 31;
const WARM_UP_TURNS = 3;

const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
try {
  const sites = DEPTHS.map((depth) => {
    const dataDir = join(dir, String(depth));
    mkdirSync(dataDir);
    fillOutbox(join(dataDir, 'outbox.db'), depth);
    return { depth, dataDir, tookMs: [] as number[] };
  });
  for (let turn = -WARM_UP_TURNS; turn < TURNS; turn += 1) {
    for (const { dataDir, tookMs, depth } of sites) {
      const startedMono = performance.now();
      const found = await gather({
        options: { 'data-dir': dataDir },
        json: true,
        terminal: { out: async () => {}, note() {}, colours: false },
        environment: { SENSORGW_DATA_DIR: dataDir, SENSORGW_RUN_DIR: dataDir, SENSORGW_API_PORT: '9' },
        wallMs: systemClock.wallMs,
        hostName: 'bench',
        packageDir: dataDir,
      });
      problemsOf(found);
      if (turn >= 0) tookMs.push(performance.now() - startedMono);
      if (typeof found.outbox === 'string' || found.outbox.rows !== depth)
        throw new Error('this is no outbox');
    }
  }
  const [empty, deep] = sites;
  if (empty === undefined || deep === undefined) throw new Error('there is nothing to compare');
  report({
    name: `status-depth: ${deep.depth} rows wait`,
    ratio: median(deep.tookMs.map((ms, turn) => ms / (empty.tookMs[turn] ?? ms))),
    bar: '<= 10',
    value: median(deep.tookMs),
    unit: 'ms',
    runs: TURNS,
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
