/**
 * Mistakes that people make in a program like this, one at a time, as changes to its text: what the simulation is
 * worth is that it finds each of them. `mutants.test.ts` holds that each still fits the text that it changes.
 */

export interface Mutant {
  /** What the program does then. */
  readonly name: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Why somebody would write it, or what is lost by it. */
  readonly why: string;
  /** The rule that it breaks: a part of the first problem. */
  readonly rule: RegExp;
  /** Has found it once, and is tried first. A change of the simulation gives it another history. */
  readonly seed: number;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'takes no answer for a yes',
    file: 'lib/flow/sync/delivery.ts',
    find: "case 'unavailable':\n        counters.failures += 1;",
    replace:
      "case 'unavailable':\n        outbox.acknowledge(name, batch.stream, batch.seqs);\n        counters.failures += 1;",
    why: 'The request has left, so it will have arrived: what a timeout swallows is lost.',
    rule: /LOST for/,
    seed: 24,
  },
  {
    name: 'lets a row go when the first destination has it',
    file: 'lib/flow/outbox/acknowledgements.ts',
    find: 'return Math.min(...[...ledgers.values()]',
    replace: 'return Math.max(...[...ledgers.values()]',
    why: 'With one destination, which is what everybody tries, it makes no difference.',
    rule: /LOST for/,
    seed: 24,
  },
  {
    name: 'stores what it has stored already',
    file: 'lib/flow/write-api/store/sqlite-store.ts',
    find: 'const fresh = difference(sent, touched);',
    replace: 'const fresh = sent;',
    why: 'A batch comes again only after its answer was lost, which no test on a good network sees.',
    rule: /STORED TWICE|still wait|the breaker of|LOST for/,
    seed: 130,
  },
  {
    name: 'says that it has stored what the disk did not take',
    file: 'lib/flow/write-api/store/sqlite-store.ts',
    find: 'throw asStoreFault(error);\n      }\n    },\n    async stream(',
    replace: `return batches.map(({ stream, rows }) => ({
          stream: stream ?? ownStream,
          stored: rangesOfSeqs(rows.map(([seq]) => seq)) as [number, number][],
          duplicate: [],
          refused: [],
        }));
      }
    },
    async stream(`,
    why: 'An error that is logged and forgotten.',
    rule: /LOST for/,
    seed: 7,
  },
  {
    name: 'commits without waiting for the disk',
    file: 'lib/base/sqlite.ts',
    find: "options.synchronous ?? 'FULL'",
    replace: "options.synchronous ?? 'NORMAL'",
    why: 'The default of the driver, and several times as fast; a power cut takes back what was acknowledged.',
    rule: /LOST for|never accepted/,
    seed: 1,
  },
  {
    name: 'has jitter shorten a pause',
    file: 'lib/base/ladder.ts',
    find: '(1 + JITTER_SHARE * options.fraction)',
    replace: '(1 + JITTER_SHARE * (2 * options.fraction - 1))',
    why: 'Around the value is how jitter is mostly written; the step is then no bound any more.',
    rule: /a pause of/,
    seed: 24,
  },
  {
    name: 'lets the server shorten a pause',
    file: 'lib/base/ladder.ts',
    find: 'Math.max(rung, options.retryAfterMs ?? 0)',
    replace: '(options.retryAfterMs ?? rung)',
    why: 'A server that is failing says "at once", and is given no rest.',
    rule: /a pause of/,
    seed: 12,
  },
  {
    name: 'waits for as long as a server says',
    file: 'lib/base/retry-after.ts',
    find: 'Math.min(RETRY_AFTER_MAX_MS, Math.max(RETRY_AFTER_MIN_MS, ms))',
    replace: 'Math.max(RETRY_AFTER_MIN_MS, ms)',
    why: 'Ten years, in the header of a proxy that nobody configured.',
    rule: /a pause of|still wait|the breaker of/,
    seed: 41,
  },
  {
    name: 'measures a pause by the wall clock',
    file: 'lib/base/breaker.ts',
    find: 'Number.POSITIVE_INFINITY : clock.monotonicMs() + pause',
    replace: 'Number.POSITIVE_INFINITY : clock.wallMs() + pause',
    why: 'Both are milliseconds, and on a machine with one clock for tests they are the same number.',
    rule: /the breaker of .* is open/,
    seed: 24,
  },
  {
    name: 'stays on the first step of the ladder',
    file: 'lib/base/ladder.ts',
    find: 'Math.min(step + 1, stepsMs.length - 1)',
    replace: 'Math.min(step, stepsMs.length - 1)',
    why: 'One too few: an API that is down is asked six times as often as was promised.',
    rule: /step/,
    seed: 24,
  },
  {
    name: 'opens after four failures',
    file: 'lib/base/breaker.ts',
    find: 'if (failures >= failuresToOpen) {',
    replace: 'if (failures > failuresToOpen) {',
    why: 'The oldest mistake of all.',
    rule: /opened after/,
    seed: 24,
  },
  {
    name: 'sends as many probes as it likes',
    file: 'lib/base/breaker.ts',
    find: "replaceCircuit('half_open');\n    moveTo('half_open');",
    replace: "replaceCircuit('closed');\n    moveTo('half_open');",
    why: 'Half open that is only a word: both lanes knock at an API that is just getting up.',
    rule: /probes at once|the breaker of|step/,
    seed: 24,
  },
  {
    name: 'waits for work beyond its deadline',
    file: 'lib/base/deadline.ts',
    find: 'await Promise.race([job, timer])',
    replace: 'await Promise.race([job, timer.then(() => job)])',
    why: 'The incident itself: a request without an answer, and a loop that waits for it for ever.',
    rule: /gave no heartbeat in time/,
    seed: 56,
  },
  {
    name: 'moves the time that nobody vouched for',
    file: 'lib/flow/outbox/restamp.ts',
    find: '[monoMs + offsetMs, before & ~FLAG.clockUntrusted]',
    replace: '[row[2] + offsetMs, before & ~FLAG.clockUntrusted]',
    why: 'The offset belongs to the monotonic time. The mark goes, and nobody can tell these readings from good ones.',
    rule: /WRONG TIME|still wait/,
    seed: 1,
  },
  {
    name: 'stores a batch and does not note that it came',
    file: 'lib/flow/write-api/store/sqlite-store.ts',
    find: '      received.add([stream], fresh, touched);\n',
    replace: '',
    why: 'Two tables that must agree, and a change that thought of one.',
    rule: /LOST for|STORED TWICE/,
    seed: 96,
  },
  {
    name: 'goes on in the stream that it finds in its file',
    file: 'lib/flow/outbox/streams.ts',
    find: 'bear(latestOf(all, RAW)?.nextSeq ?? firstSeq);',
    replace: 'if (all.length === 0) bear(firstSeq);',
    why: 'A file that was put back counts from where it was: two readings get one name, and the second is a repetition.',
    rule: /given to two readings|LOST for/,
    seed: 79,
  },
  {
    name: 'buries what a server has failed on once',
    file: 'lib/flow/sync/aside.ts',
    find: 'if (failures >= FAILURES_MAX) {',
    replace: 'if (failures >= 1) {',
    why: 'An error of the server is taken for an error of the reading; in an outage of nothing but those all would go.',
    rule: /BURIED without a verdict/,
    seed: 4,
  },
  {
    name: 'forgets in a restart that its breaker was open',
    file: 'lib/base/breaker.ts',
    find: 'const record = deps.load();',
    replace: 'const record = undefined as ReturnType<typeof deps.load>;',
    why: 'A start is a new beginning; and an API that is down is asked three times more after each.',
    rule: /RECORD: the breaker of .* was open at the start|RECORD: step/,
    seed: 3,
  },
  {
    name: 'writes down no failure of a probe',
    file: 'lib/flow/sync/breaker.ts',
    find: 'unlessDamaged(() => unlessDiskFails(() => save(record))),',
    replace:
      "record.state === 'open' ? undefined : unlessDamaged(() => unlessDiskFails(() => save(record))),",
    why: 'Sparing the card a write in each pause: nobody looks at the file while the program runs.',
    rule: /RECORD: the breaker of .* in its file/,
    seed: 2,
  },
  {
    name: 'samples on at the pace of an outage',
    file: 'lib/flow/acquire/backpressure.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program.
    find: 'pace(baseMs, `${destination} stores again`);',
    replace: '',
    why: 'It was slowed down by one event and forgot the other; five in six readings are never taken.',
    rule: /samples each/,
    seed: 16,
  },
  {
    name: 'says that it lives, whatever hangs',
    file: 'lib/ops/heartbeat.ts',
    find: 'if (stuck.length === 0) supervisor.heartbeat();\n      else options',
    replace: 'supervisor.heartbeat();\n      if (stuck.length > 0) options',
    why: 'The loop of events turns, and that is what most programs have their supervisor watch.',
    rule: /has given no reading|says that it lives/,
    seed: 27,
  },
  {
    name: 'thins the end of a stretch into nothing',
    file: 'lib/flow/outbox/aggregates.ts',
    find: '  parts.push(...partsOfRun(run));\n  return parts;',
    replace: '  return parts;',
    why: 'What is left after the loop is forgotten: the ledger says thinned, and no row stands for it.',
    rule: /THINNED:/,
    seed: 1,
  },
  {
    name: 'says of joined readings the last of the first row',
    file: 'lib/flow/outbox/aggregates.ts',
    find: '    last: tail.thinned.last,\n',
    replace: '',
    why: 'What is not set again stays as the first row had it, and all the sums are right.',
    rule: /THINNED: .* does not say what it stands for/,
    seed: 1,
  },
  {
    name: 'forgets the time in which the machine was suspended',
    file: 'lib/base/steady-wall.ts',
    find: '      offset += slept;\n',
    replace: '',
    why: 'The monotonic clock does not count it, and no machine on a desk is ever suspended while one looks.',
    rule: /WRONG TIME|TICKETS: clock_jumped/,
    seed: 13,
  },
  {
    name: 'never takes a ticket for resolved',
    file: 'lib/ops/invariants/engine.ts',
    find: 'whole: broken ? 0 : before.whole + 1',
    replace: 'whole: 0',
    why: 'Looks that saw it well must follow each other; one counter that is set back too often.',
    rule: /TICKETS: .* is still open/,
    seed: 2,
  },
  {
    name: 'counts an outage from its latest probe',
    file: 'lib/flow/outbox/outage.ts',
    find: 'sinceAt: first.at, older',
    replace: 'sinceAt: breaker.sinceAt, older',
    why: 'The record has a time in it that looks like the one that is wanted; it begins anew with each pause.',
    rule: /TICKETS: .* has no ticket/,
    seed: 2,
  },
  {
    name: 'takes a program for silent that is asleep',
    file: 'lib/ops/health-file.ts',
    find: 'export const HEALTH_FRESH_MS = 45_000;',
    replace: 'export const HEALTH_FRESH_MS = 15_000;',
    why: 'Twice the beat of one program, and half the beat of another.',
    rule: /TICKETS: program_silent:.* nothing here brings that about|TICKETS: .* is still open/,
    seed: 12,
  },
];
