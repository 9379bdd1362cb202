import { expect, test } from 'vitest';
import { type ClockEvent, sayOfClock, spanInWords } from './clock-lines.ts';

function said(event: ClockEvent): string {
  let line = '';
  const say = (level: string) => (_fields: object, message: string) => {
    line = `${level}: ${message}`;
  };
  sayOfClock(event, { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') });
  return line;
}

test.each<[ClockEvent, string]>([
  [
    { type: 'clock.untrusted', why: 'NTP has not synchronised it yet', holdMs: 300_000 },
    'warn: the clock is not trusted (NTP has not synchronised it yet): readings wait up to 5 min for it, then go with a mark',
  ],
  [
    { type: 'clock.untrusted', why: 'clock.trust is never', holdMs: 0 },
    'warn: the clock is not trusted (clock.trust is never): readings go with a mark',
  ],
  [{ type: 'clock.trusted', why: 'NTP', offsetMs: 0, atOnce: true }, 'debug: the clock is trusted: NTP'],
  [{ type: 'clock.trusted', why: 'NTP', offsetMs: 0, atOnce: false }, 'info: the clock is trusted: NTP'],
  [
    { type: 'clock.trusted', why: 'NTP', offsetMs: 7_200_000, atOnce: false },
    'info: the clock is trusted: NTP; what it said before was 2 h too early',
  ],
  [
    { type: 'clock.stepped', why: 'NTP', offsetMs: -61_000 },
    'info: the clock was set 1 min back (NTP): readings follow it',
  ],
  [
    { type: 'clock.doubted', why: 'no answer', offsetMs: 400 },
    'warn: the clock jumped 0.4 s ahead and nobody vouches for it (no answer): readings keep to the time before',
  ],
  [{ type: 'clock.suspended', durationMs: 7_200_000 }, 'info: the machine slept for 2 h'],
  [{ type: 'reading.restamped', readings: 36 }, 'info: 36 readings in the outbox have their true times now'],
  [
    { type: 'reading.corrected', destination: 'local', stream: 's', seqs: [[1, 30]] },
    'info: local knows the true times of readings 1-30',
  ],
])('%o is said in words', (event, line) => {
  expect(said(event)).toBe(line);
});

test.each([
  [400, '0.4 s'],
  [59_900, '59.9 s'],
  [60_000, '1 min'],
  [5_400_000, '1 h 30 min'],
  [86_400_000, '1 d'],
  [1_768_493_363_000, '20468 d 16 h'],
])('%i ms are %s', (ms, words) => {
  expect(spanInWords(ms)).toBe(words);
});
