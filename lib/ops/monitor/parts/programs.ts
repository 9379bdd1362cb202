/** The health files of the programs: whether they live, and what a living reader says of its sensors and deliveries. */

import { HEALTH_FRESH_MS } from '../../health-file.ts';
import { type Health, parseHealth } from '../../health-shape.ts';
import type { ProgramLook, ReaderLook } from '../../invariants/look.ts';
import { READER, WATCHED_PROGRAMS, WRITE_API } from '../../invariants/programs.ts';
import type { Program } from '../../limits/limits.ts';
import type { Now, PartLook } from './part.ts';

export const programsPart: PartLook = {
  part: 'programs',
  async look({ ask, place }, now) {
    const files = await Promise.all(
      WATCHED_PROGRAMS.map(async (program) => {
        const text = await ask('readText', `${place.runDir}/${program}.health.json`);
        return [program, text === undefined ? undefined : parseHealth(text)] as const;
      }),
    );
    const programs = Object.fromEntries(files.map(([program, health]) => [program, programOf(health, now)]));
    const living = (wanted: Program) => {
      const health = files.find(([program]) => program === wanted)?.[1];
      const { ageMs = Number.POSITIVE_INFINITY } = programOf(health, now);
      return ageMs < HEALTH_FRESH_MS ? health : undefined;
    };
    const [reader, api] = [living(READER), living(WRITE_API)];
    return {
      programs,
      ...(reader?.pid === undefined ? {} : { reader: readerOf(reader, reader.pid) }),
      ...(api === undefined ? {} : { api: { guesses: api.guesses, doubled: api.doubled } }),
    };
  },
};

const NOT_THERE: ProgramLook = { ageMs: undefined, pid: undefined, stuck: [] };

function programOf(health: Health | undefined, { atMono }: Now): ProgramLook {
  if (health?.pid === undefined || health.generatedMono === undefined) return NOT_THERE;
  const ageMs = atMono - health.generatedMono;
  // A file of an earlier boot, where the runtime directory outlives one: whoever wrote it is gone.
  if (ageMs < -HEALTH_FRESH_MS) return NOT_THERE;
  return { ageMs: Math.max(0, ageMs), pid: health.pid, stuck: health.overdue };
}

function readerOf(health: Health, pid: number): ReaderLook {
  const { sources, buses, destinations, clock, held, counts, appends } = health;
  return {
    pid,
    sources: sources.map(({ name, failures, failure, lastOkAt, quiet, faults, quality }) => ({
      name,
      failures,
      failure,
      lastOkAt,
      quiet: quiet !== undefined,
      faults,
      series: quality,
    })),
    buses,
    destinations: destinations.map(({ name, quiet, backlogRows = 0, drainRowsPerSecond }) => ({
      name,
      quiet: quiet !== undefined,
      backlogRows,
      drainRowsPerSecond,
    })),
    clock,
    held,
    counts,
    appends,
  };
}
