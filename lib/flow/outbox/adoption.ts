/**
 * Rows that were accepted in another file, taken into this one with the stream and the seq that they were
 * accepted with. Their seqs lie below all that this file has ever assigned; what lies between is nobody's.
 */

import { GatewayError } from '../../base/errors.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { Reading, Thinned } from '../reading.ts';
import type { SeqRanges } from '../seq-ranges.ts';
import { prepareBoots } from './boots.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';
import { prepareSealStream, type Stream } from './streams.ts';
import { thinnedText } from './thinned-text.ts';
import { isOf, RAW, TIERS } from './tiers.ts';

export interface AdoptedRow {
  readonly seq: number;
  readonly reading: Reading;
  /** What it stands for, if it is a thinned one. */
  readonly thinned?: Thinned;
  /** The boot that `reading.monoMs` counts from. */
  readonly bootId: string;
}

export interface Adoption {
  readonly stream: string;
  /** The whole interval of the stream, for all calls about it the same. */
  readonly firstSeq: number;
  readonly nextSeq: number;
  readonly rows: readonly AdoptedRow[];
  /** Seqs of the stream that are lost: they go to the ledger as corrupt. */
  readonly missing: SeqRanges;
  /** What a destination is not offered again: it has a dead letter of it, or will never get it. */
  readonly settled?: ReadonlyMap<string, SeqRanges>;
}

/** Writes the stream and the rows, as far as they are not there. Inside a transaction. */
export function prepareAdopt(
  database: SqliteDatabase,
  { series, checksum }: { readonly series: SeriesTable; readonly checksum: RowChecksum },
): (adoption: Adoption, bornAt: number) => void {
  // Older than every other, so that the newest stays the one that grows.
  const putStream = database.prepare<[string, number, number, number]>(`
    INSERT INTO streams (ordinal, id, first_seq, next_seq, born_at, crc)
    SELECT min(ordinal) - 1, ?, ?, ?, ?, 0 FROM streams WHERE true
    ON CONFLICT (id) DO UPDATE SET
      first_seq = min(first_seq, excluded.first_seq), next_seq = max(next_seq, excluded.next_seq)`);
  const seal = prepareSealStream(database);
  const boots = prepareBoots(database);
  const putRow = database.prepare<(number | string | null)[]>(`
    INSERT INTO readings (seq, series, at, value, mono_ms, flags, boot, crc, thinned)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);

  return ({ stream, firstSeq, nextSeq, rows }, bornAt) => {
    putStream.run(stream, firstSeq, nextSeq, bornAt);
    seal(stream);
    for (const { seq, reading, thinned, bootId } of rows) {
      const { at, value, monoMs, flags } = reading;
      const text = thinned === undefined ? null : thinnedText(thinned);
      const crc = checksum.of(checksum.startOf(stream, reading), { seq, at, value, flags, monoMs }, text);
      putRow.run(seq, series.idOf(reading), at, value, monoMs, flags, boots.numberOf(bootId), crc, text);
    }
  };
}

/** A seq may belong to one stream only. Throws `SGW_INTERNAL` if another one has assigned some of these, or will. */
export function assertUnassigned(streams: readonly Stream[], adoption: Adoption): void {
  const tier = TIERS.find((one) => isOf(one, adoption.firstSeq));
  const ofTier = streams.filter(({ firstSeq }) => tier !== undefined && isOf(tier, firstSeq));
  // Only what was born in this run: the last one of a tier may itself have been adopted, and is as long as it will be.
  const born = streams.findLast(({ firstSeq }) => isOf(RAW, firstSeq))?.ordinal ?? 0;
  const growing = ofTier.findLast(({ ordinal }) => ordinal >= born)?.id;
  const other = ofTier.find(
    ({ id, firstSeq, nextSeq }) =>
      id !== adoption.stream &&
      firstSeq < adoption.nextSeq &&
      (nextSeq > adoption.firstSeq || id === growing),
  );
  if (other === undefined) return;
  throw new GatewayError(
    'SGW_INTERNAL',
    `stream ${adoption.stream} cannot be adopted: stream ${other.id} has assigned the same seqs`,
    { hint: 'The quarantined file is kept as it is; report this with both files.' },
  );
}
