import { expect, test } from 'vitest';
import { SAID_AGAIN_MS } from './line-log.ts';
import { createTroubleLines, KINDS_MAX } from './trouble-lines.ts';

function rig() {
  const lines: string[] = [];
  let nowMono = 0;
  const at = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level} ${message}`);
  };
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const say = createTroubleLines({ log, monotonicMs: () => nowMono });
  return {
    lines,
    meet: (kind: string) => say(kind, {}, `${kind} is broken`),
    later(ms: number) {
      nowMono += ms;
    },
  };
}

test('what was left unsaid is counted however long ago it was, and not as of the last hour', () => {
  const { lines, meet, later } = rig();

  for (let i = 0; i < 3; i += 1) meet('it');
  later(20 * SAID_AGAIN_MS);
  meet('it');

  expect(lines).toEqual([
    'warn it is broken',
    'warn it is broken (and 2 more like it since this was last said)',
  ]);
});

test('more kinds than are remembered cost those said longest ago their memory, and no others', () => {
  const { lines, meet } = rig();
  for (let i = 0; i < KINDS_MAX + 1; i += 1) meet(`number ${i}`);
  lines.length = 0;

  for (let i = 1; i < KINDS_MAX + 1; i += 1) meet(`number ${i}`);

  expect(lines).toEqual([]);
});
