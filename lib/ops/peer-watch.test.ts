import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { createPeerWatch, PEER_BEAT_MS } from './peer-watch.ts';

function setUp(options: { wanted?: () => boolean } = {}) {
  const clock = createVirtualClock();
  const file = join(tempDir(), 'sensor-api-write.health.json');
  const beat = (pid: number) =>
    writeFileSync(file, JSON.stringify({ pid, generated_mono_ms: clock.monotonicMs() }));
  const returns: number[] = [];
  const start = () => {
    const watch = createPeerWatch({
      file,
      clock,
      pulse: { promise() {}, release() {} },
      wanted: options.wanted ?? (() => true),
      onBack: () => returns.push(clock.monotonicMs()),
    });
    void watch.run();
    onTestFinished(() => watch.stop());
  };
  return { clock, file, beat, returns, start };
}

test('a peer that starts is noticed within a second', async () => {
  const { clock, beat, returns, start } = setUp();
  start();
  await clock.advance(5_500);

  beat(42);
  await clock.advance(1_000);

  expect(returns).toEqual([6_000]);
});

test('a restart is noticed, a peer that beats on is not', async () => {
  const { clock, beat, returns, start } = setUp();
  beat(42);
  start();

  for (let i = 0; i < 6; i += 1) {
    await clock.advance(PEER_BEAT_MS);
    beat(42);
  }
  const beforeTheRestart = [...returns];
  beat(43);
  await clock.advance(1_000);

  expect(beforeTheRestart).toEqual([]);
  expect(returns).toHaveLength(1);
});

test('a peer that was frozen and beats again is back', async () => {
  const { clock, beat, returns, start } = setUp();
  beat(42);
  start();

  await clock.advance(10_000);
  beat(42);
  await clock.advance(1_000);

  expect(returns).toHaveLength(1);
});

test('nobody is told who does not want to know, and a file that vanishes or lies is no sign of life', async () => {
  let wanted = false;
  const { clock, file, beat, returns, start } = setUp({ wanted: () => wanted });
  start();

  beat(42);
  await clock.advance(2_000);
  wanted = true;
  writeFileSync(file, '{"pid": "43"');
  await clock.advance(2_000);
  rmSync(file);
  await clock.advance(2_000);

  expect(returns).toEqual([]);
});
