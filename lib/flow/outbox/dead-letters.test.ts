import { describe, expect, it } from 'vitest';
import {
  crashed,
  offered,
  rawOutbox,
  seqsIn,
  someReadings,
  tempOutbox,
} from '../../../test/support/temp-outbox.ts';

describe('bury', () => {
  const refusal = { seq: 2, code: 'VALUE_IMPOSSIBLE', message: 'colder than absolute zero' };

  it('keeps the reading with the reason, durably, and never offers it to that destination again', () => {
    const { outbox, file, world } = tempOutbox({ destinations: ['local', 'remote'] });
    const readings = someReadings(3);
    const { stream } = outbox.append(readings);

    outbox.bury('local', stream, [refusal]);
    const { outbox: survivor } = tempOutbox({
      file: crashed(file),
      destinations: ['local', 'remote'],
      world,
    });

    expect(survivor.deadLetters(10)).toEqual([
      {
        destination: 'local',
        stream,
        seq: 2,
        reading: readings[1],
        bootId: 'boot-1',
        code: refusal.code,
        message: refusal.message,
        buriedAt: world.clock.wallMs(),
      },
    ]);
    expect(offered(survivor, 'local')).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(offered(survivor, 'remote')).toEqual([[1, 3]]);
    expect(world.recorder.of('reading.buried')).toEqual([
      { type: 'reading.buried', destination: 'local', stream, ...refusal },
    ]);
  });

  it('is harmless when repeated, for what is acknowledged, and for what never was', () => {
    const { outbox } = tempOutbox();
    const { stream } = outbox.append(someReadings(3));
    outbox.acknowledge('local', stream, [[1, 1]]);

    outbox.bury('local', stream, [refusal, refusal]);
    outbox.bury('local', stream, [refusal, { ...refusal, seq: 1 }, { ...refusal, seq: 99 }]);
    outbox.bury('local', 'somebodyelse', [{ ...refusal, seq: 3 }]);

    expect(outbox.deadLetters(10).map(({ seq }) => seq)).toEqual([2]);
    expect(offered(outbox)).toEqual([[3, 3]]);
  });

  it('bounds what a server has to say', () => {
    const { outbox } = tempOutbox();
    const { stream } = outbox.append(someReadings(2));

    outbox.bury('local', stream, [{ seq: 2, code: 'c'.repeat(1000), message: 'm'.repeat(100_000) }]);

    const [letter] = outbox.deadLetters(1);
    expect([letter?.code.length, letter?.message.length]).toEqual([64, 400]);
  });

  it('offers the reading again when the dead letter could not be written', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(3));
    const other = rawOutbox(file);
    other.exec('BEGIN IMMEDIATE');

    expect(() => outbox.bury('local', stream, [refusal])).toThrow();
    other.exec('ROLLBACK');
    other.close();
    outbox.append([]);

    expect(outbox.deadLetters(1)).toEqual([]);
    expect(offered(outbox)).toEqual([[1, 3]]);
  });

  it('keeps dead letters when their rows have left', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(3));
    outbox.bury('local', stream, [refusal]);
    outbox.acknowledge('local', stream, [[1, 3]]);
    outbox.flush();
    expect(seqsIn(file)).toEqual([]);

    expect(outbox.deadLetters(1)[0]).toMatchObject({ seq: 2, reading: { value: 20.125 } });
  });
});
