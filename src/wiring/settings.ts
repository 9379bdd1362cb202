/**
 * Every setting of the product, written once, here or in the file of its group. Types, defaults, ranges, environment names, messages,
 * `docs/settings.md` and `config.example.yaml` all come from this tree; a test holds the files to it.
 */

import { section } from '../../lib/base/setting.ts';
import { choice, duration, fraction, integer, several, size, text } from '../../lib/base/setting-kinds.ts';
import { API } from './api-settings.ts';
import { DESTINATIONS } from './destination-settings.ts';
import { INVARIANT_SETTINGS } from './invariant-settings.ts';
import { MONITOR } from './monitor-settings.ts';
import { NOTIFICATIONS } from './notify-settings.ts';
import { CALIBRATION, QUALITY } from './quality-settings.ts';
import { QUIET_HOURS } from './quiet-settings.ts';
import { SOURCES } from './source-settings.ts';
import { STORE } from './store-settings.ts';
import { NAME, PATH } from './text-rules.ts';
import { TICKETS } from './ticket-settings.ts';

export const SETTINGS = section('', {
  gateway: text({
    ...NAME,
    about: 'The name of this machine in every reading. Unique among gateways that share a store.',
    initialNote: "this machine's host name",
    example: 'greenhouse',
  }),
  dataDir: text({
    ...PATH,
    initial: '/var/lib/sensor-gateway',
    about: 'Where the outbox and the store lie. Must be a local disk that keeps what it has synced.',
  }),
  runDir: text({
    ...PATH,
    initial: '/run/sensor-gateway',
    about: 'For files that may vanish at a reboot (health, ready). Best in memory: it spares the card.',
  }),

  memory: section('How much memory a program may have.', {
    max: size({
      min: '64MiB',
      max: '64GiB',
      about: 'Near it a program gives back what it can, and at last starts afresh in good order.',
      initialNote: 'the limit of its unit or cgroup',
      example: '256MiB',
    }),
  }),

  log: section('What the programs say, on standard output.', {
    level: choice({
      of: ['debug', 'info', 'warn', 'error', 'fatal'],
      initial: 'info',
      about: 'The least important line that is still written.',
    }),
    format: choice({
      of: ['auto', 'json', 'pretty', 'journal'],
      initial: 'auto',
      about: 'How a line looks. auto: pretty on a terminal, journal under systemd, else json.',
    }),
    rounds: choice({
      of: ['hourly', 'each'],
      initial: 'hourly',
      about: 'hourly: one summary an hour, for years. each: a line a round, for somebody who watches.',
    }),
  }),

  sampling: section('How sensors are read.', {
    intervalMs: duration({
      initial: '10s',
      min: '1s',
      max: '1h',
      about: 'From one round of readings to the next.',
    }),
    deadlineMs: duration({
      min: '10ms',
      max: '10m',
      about: 'How long one source may take before the round goes on without it. Less than the interval.',
      initialNote: 'half of the interval, at most 5s',
      example: '5s',
    }),
  }),

  sources: SOURCES,

  calibration: CALIBRATION,

  quality: QUALITY,

  i2c: section('The buses of chips that are read directly.', {
    timeoutMs: duration({
      initial: '1500ms',
      min: '100ms',
      max: '10s',
      about:
        'An exchange that takes longer is given up, and its bus rests until it has ended. More than the kernel waits by itself, which is 1s on a Raspberry Pi.',
    }),
    restartAfterMs: duration({
      min: '1m',
      max: '7d',
      about:
        'Start the reader afresh when a bus that has worked hangs for so long. Seldom of use: what hangs is a chip or the kernel.',
      initialNote: 'only when hung buses hold every thread that they may, which takes three of them',
      example: '1h',
    }),
  }),

  clock: section(
    'Whose word counts for the clock of this machine. Times are UTC; only quiet_hours ask for a time zone.',
    {
      trust: choice({
        of: ['auto', 'always', 'never'],
        initial: 'auto',
        about:
          'auto: a time service (NTP) or a battery clock must vouch for it, where there can be one. always: it is right. never: it is not.',
      }),
      holdMs: duration({
        initial: '5m',
        min: '0s',
        max: '1d',
        about: 'How long readings wait for a trusted clock before they are sent with a mark. 0s: not at all.',
      }),
    },
  ),

  quietHours: QUIET_HOURS,

  backpressure: section('What happens to sampling while a destination is down.', {
    sampling: choice({
      of: ['slow', 'keep'],
      initial: 'slow',
      about: 'slow: the interval follows the pauses of the breaker. keep: sampling goes on at full rate.',
    }),
  }),

  destinations: DESTINATIONS,

  outbox: section('What the outbox may take of the disk.', {
    bytesMax: size({
      initial: '256MiB',
      min: '16MiB',
      max: '64GiB',
      about:
        'How large it may become. Near it the oldest undelivered readings are thinned to means, and the oldest of these given up, and named. Dead letters have a quarter of it, of which the oldest go.',
    }),
    diskReserve: size({
      initial: '64MiB',
      min: '0B',
      max: '64GiB',
      about: 'Room that is left on the disk for others: with less than this free the outbox does not grow.',
    }),
  }),

  delivery: section('Total deadlines of a request, from the first byte to the last.', {
    requestTimeoutMs: duration({
      initial: '10s',
      min: '100ms',
      max: '5m',
      about: 'For the readings of one round.',
    }),
    batchTimeoutMs: duration({
      initial: '30s',
      min: '100ms',
      max: '10m',
      about: 'For a batch of the backlog. Not less than request_timeout.',
    }),
  }),

  breaker: section('When to leave a destination alone, and for how long.', {
    failures: integer({
      initial: 3,
      min: 1,
      max: 100,
      about: 'So many failures in a row open it.',
    }),
    pausesMs: several({
      of: duration({ initial: '10s', min: '1s', max: '1h', about: '' }),
      countMax: 10,
      initial: ['10s', '30s', '60s'],
      about: 'Pauses before one attempt is let through, in ascending order; the last one repeats.',
    }),
  }),

  drain: section('How a backlog is delivered besides fresh readings.', {
    order: choice({
      of: ['oldest', 'newest'],
      initial: 'oldest',
      about: 'Which end of the backlog goes first.',
    }),
    share: fraction({
      initial: 1,
      min: 0.05,
      max: 1,
      about: 'How much of the time to spend on it: at 0.5 it rests as long as each batch took.',
    }),
  }),

  api: API,

  monitor: MONITOR,

  store: STORE,

  invariants: INVARIANT_SETTINGS,

  tickets: TICKETS,

  notifications: NOTIFICATIONS,
});
