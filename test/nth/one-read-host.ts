/**
 * The process in which one read of a healthy file fails: opens the outbox and the store, first with the first read
 * failing, then with the second, and so on until none is left to fail. Says for each which file was set aside.
 *
 *   NTH_DIR=/tmp/x NTH_CONTROL=/tmp/page LD_PRELOAD=nth-fault.so node one-read-host.js
 */

import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../lib/base/errors.ts';
import { openOutboxSafely } from '../../lib/flow/outbox/quarantine.ts';
import { openStoreSafely } from '../../lib/flow/write-api/store/quarantined-stores.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { openFaultPage } from './fault-page.ts';
import { FAULTS } from './faults.ts';
import { BEGAN_AT, SCENARIOS, type Scenario } from './scenarios.ts';

/** What came of one: a line each. */
export interface Opening {
  readonly name: string;
  /** Which read failed. */
  readonly n: number;
  /** Empty if it was opened. */
  readonly thrown: string;
  readonly isSetAside: boolean;
}

const { NTH_DIR: base = '', NTH_CONTROL: control = '' } = process.env;
const page = openFaultPage(control);
const whole = join(base, 'whole');
const dir = join(base, 'gateway');
mkdirSync(whole);
const scenario: Scenario = SCENARIOS.salvage;
await scenario.prepare(whole, '');

const world = () => ({
  clock: createVirtualClock({ wallMs: BEGAN_AT }),
  random: createSeededRandom(7),
  observe: () => {},
});
const onDamage = () => {};
const openers = {
  'outbox.db': () =>
    openOutboxSafely({
      file: join(dir, 'outbox.db'),
      gateway: 'test-gateway',
      destinations: ['local'],
      world: world(),
      bootId: 'boot-after',
      onDamage,
    }).close(),
  'store.db': () => openStoreSafely({ file: join(dir, 'store.db'), world: world(), onDamage }).close(),
};

for (const [name, open] of Object.entries(openers)) {
  for (let n = 1; ; n += 1) {
    rmSync(dir, { recursive: true, force: true });
    cpSync(whole, dir, { recursive: true });
    let thrown = '';
    page.arm({ ...FAULTS.error, kinds: ['read'] }, n);
    try {
      await open();
    } catch (error) {
      thrown = messageOf(error);
    }
    const { failed } = page.disarm();
    if (failed === 0) break;
    const opening: Opening = { name, n, thrown, isSetAside: existsSync(join(dir, 'quarantine')) };
    process.stdout.write(`${JSON.stringify(opening)}\n`);
  }
}
process.exit(0);
