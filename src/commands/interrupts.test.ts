import { expect, it } from 'vitest';
import { createInterrupts } from './interrupts.ts';

it('clears up the latest first, each once, and lets one that fails keep no other from it', () => {
  const interrupts = createInterrupts();
  const done: string[] = [];
  interrupts.on(() => done.push('first'));
  interrupts.on(() => {
    throw new Error('no');
  });
  const takeBack = interrupts.on(() => done.push('taken back'));
  interrupts.on(() => done.push('last'));
  takeBack();

  interrupts.clearUp();
  interrupts.clearUp();

  expect(done).toEqual(['last', 'first']);
});
