import { expect, it } from 'vitest';
import { sayOfMissing } from './missing-lines.ts';

function saidOf(event: Parameters<typeof sayOfMissing>[0]): string[] {
  const said: string[] = [];
  const say = (level: string) => (_fields: object, line: string) => void said.push(`${level}: ${line}`);
  sayOfMissing(event, { info: say('info'), warn: say('warn'), error: say('error') });
  return said;
}

const WAITING = [{ destination: 'local', stream: 'abcdefgh', seqs: [[4, 6] as const] }];
const MISSED = { type: 'outbox.missed', stream: 'abcdefgh', firstSeq: 3, at: 0, unclear: [] } as const;

it('what waited in a deleted outbox is named in the journal, at its end and by the next start', () => {
  expect(saidOf({ type: 'outbox.deleted', waiting: WAITING, isSalvageable: false })).toEqual([
    'error: the outbox was deleted while it was open, and this is lost with it: readings 4-6 of stream abcdefgh for local',
  ]);
  expect(saidOf({ ...MISSED, rows: 3, waiting: WAITING }).join()).toContain(
    'named in the ledger: readings 4-6 of stream abcdefgh for local',
  );
});

it('an outbox that was not closed before it was deleted is said to be beyond counting, with its stream', () => {
  const [line] = saidOf({ ...MISSED, rows: null, waiting: [] });

  expect(line).toMatch(/^error: .*abcdefgh.*from reading 3 on.*nobody can count it$/);
});

it('what a destination lacks of a deleted outbox is named, and up to where it has it', () => {
  const compared = { destination: 'local', stream: 'abcdefgh', highest: 90, lacking: [[4, 6]] as const };

  expect(saidOf({ type: 'outbox.missed_compared', ...compared }).join()).toMatch(
    /^warn: .* local has stream abcdefgh up to reading 90; 3 readings are lost .*: 4-6$/,
  );
});

it('an outbox in which nothing waited is missed without alarm', () => {
  expect(saidOf({ ...MISSED, rows: 0, waiting: [] }).join()).toMatch(/^warn: .*Nothing waited in it$/);
});

it('of many runs in which something waited some are named, and the others counted', () => {
  const many = Array.from({ length: 7 }, () => WAITING).flat();

  expect(saidOf({ type: 'outbox.deleted', waiting: many, isSalvageable: true }).join()).toMatch(
    /but for what its log has: .*, and 2 more$/,
  );
});
