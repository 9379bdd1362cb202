/**
 * One reading on which the write API fails inside (HTTP 500), every time, while all goes well with the
 * others: it is given up in the end, by name, and nothing else is. Real programs and a real store; only the
 * reader's clock is hurried, because the rule takes five minutes.
 */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { createFaultSite } from '../support/fault-site.ts';
import { isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';
import { type Behaviour, problem } from '../support/stand-in-api.ts';

const HURRY = 12;

test('a reading on which the API always fails ends in the dead letters, and all others arrive', async (context) => {
  const site = await createFaultSite(context);
  site.answer(failingOn(3));
  const compiled = compileForChild('test/faults/hurried-reader.ts');
  const reader = startCommand(process.execPath, [join(compiled, 'test/faults/hurried-reader.js')], {
    ...site.gateway.env,
    HURRY: String(HURRY),
    SENSORGW_SAMPLING_INTERVAL: '10s',
    SENSORGW_DESTINATIONS: `[{name: local, url: "http://127.0.0.1:${site.proxy.port}"}]`,
    // As long as it takes in real time on a busy machine.
    SENSORGW_DELIVERY_REQUEST_TIMEOUT: '30s',
    SENSORGW_DELIVERY_BATCH_TIMEOUT: '30s',
  });

  const buried = await reader.line(isEvent('reading.buried'));
  await reader.count(isStored, reader.lines.filter(isStored).length + 2);
  const { accepted, deadLetters } = await site.gateway.finish(reader);

  expect(buried).toMatchObject({ seq: 3, code: 'SERVER_ERROR' });
  expect(deadLetters).toMatchObject([{ seq: 3, code: 'SERVER_ERROR' }]);
  // Alone, again and again: one failure could be the API's own, and so could two.
  const alone = site.standIn.heard.filter(({ seqs, status }) => status === 500 && seqs.length === 1);
  expect(alone.map(({ seqs }) => seqs)).toEqual([[3], [3], [3], [3], [3]]);
  expect(seqsOf(await site.gateway.stored())).toEqual(upTo(accepted).filter((seq) => seq !== 3));
});

function failingOn(bad: number): Behaviour {
  return ({ readings }, real) =>
    readings.some(([seq]) => seq === bad) ? problem(500, `row ${bad} makes me stumble`) : real();
}
