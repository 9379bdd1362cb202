import { expect, onTestFinished, test } from 'vitest';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { createControlWatch } from './control-watch.ts';

function watching(mend: () => Promise<boolean>) {
  const clock = createVirtualClock();
  const said: string[] = [];
  const loop = createControlWatch({
    socket: { mend },
    clock,
    pulse: { promise() {}, release() {} },
    onMended: () => said.push('mended'),
    onFailed: (error) => said.push(String(error)),
  });
  const run = loop.run();
  onTestFinished(async () => {
    loop.stop();
    await clock.advance(0);
    await run;
  });
  return { clock, said };
}

test('a socket that had to be mended is said, one that is there is not', async () => {
  const answers = [false, true, false];
  const { clock, said } = watching(() => Promise.resolve(answers.shift() ?? false));

  await clock.advance(30_000);

  expect(said).toEqual(['mended']);
  expect(answers).toEqual([]);
});

test('a trouble is said once while it lasts, and ends nothing', async () => {
  const answers = ['fail', 'fail', 'well', 'fail'];
  const { clock, said } = watching(() =>
    answers.shift() === 'fail' ? Promise.reject(new Error('no room')) : Promise.resolve(false),
  );

  await clock.advance(30_000);

  expect(said).toEqual(['Error: no room', 'Error: no room']);
});
