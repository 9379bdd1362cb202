/**
 * Every setting of the product, written once. Types, defaults, ranges, environment names, messages,
 * `docs/settings.md` and `config.example.yaml` all come from this tree; a test holds the files to it.
 */

import {
  choice,
  duration,
  fraction,
  integer,
  list,
  section,
  several,
  size,
  table,
  text,
} from '../../lib/base/setting.ts';
import { SHUNT_OHM } from '../../lib/flow/acquire/sources/i2c/chips/ina219.ts';
import { CHIP_DRIVERS } from '../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { DRIVER_PATH, HOST, NAME, PATH, SENSOR_PATTERN, URL_RULES } from './text-rules.ts';

const SOURCE_TYPES = ['kernel', 'simulated', 'module', ...CHIP_DRIVERS.map(({ type }) => type)] as const;

/** Where the programs meet when nothing else is said. */
export const API_PORT = 8_470;

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

  sources: list({
    about: 'What is read. Sources are isolated from each other: one that hangs costs only its own readings.',
    entriesMax: 64,
    bareKey: 'type',
    initial: [{ type: 'kernel' }, { type: 'simulated' }],
    entry: {
      type: choice({
        of: SOURCE_TYPES,
        about:
          'kernel: what /proc and /sys know of this machine. simulated: invented curves, named so. module: a driver of your own (docs/drivers.md). The others: a chip on an I2C bus (docs/sensors.md).',
      }),
      name: text({
        ...NAME,
        about: 'Unique among the sources.',
        initialNote: 'its type',
        example: 'terrarium',
      }),
      intervalMs: duration({
        min: '1s',
        max: '7d',
        about: 'Read it less often than every round.',
        initialNote: 'every round',
        example: '1m',
      }),
      deadlineMs: duration({
        min: '10ms',
        max: '10m',
        about: 'How long it may take.',
        initialNote: '`sampling.deadline`',
        example: '2s',
      }),
      bus: integer({
        min: 0,
        max: 255,
        about: 'I2C chips only: the number in /dev/i2c-NUMBER.',
        initialNote: '1, the bus on the header of a Raspberry Pi',
        example: 1,
      }),
      address: integer({
        min: 0x08,
        max: 0x77,
        about: 'I2C chips only: its address on the bus.',
        initialNote: 'the usual one of the chip',
        example: '0x77',
      }),
      oversampling: integer({
        min: 1,
        max: 16,
        about: 'bme280, bmp280: how many samples the chip averages: 1, 2, 4, 8 or 16. More is less noise.',
        initialNote: '1',
        example: 4,
      }),
      shuntOhm: fraction({
        ...SHUNT_OHM,
        about: 'ina219: the resistor that the current flows through, in ohm. R100 on it means 0.1.',
        initialNote: '0.1, as most boards have it',
        example: 0.01,
      }),
      rangeVolt: fraction({
        min: 0.256,
        max: 6.144,
        about:
          'ads1115: the largest voltage to measure: 6.144, 4.096, 2.048, 1.024, 0.512 or 0.256. Less is finer.',
        initialNote: '4.096',
        example: 2.048,
      }),
      path: text({
        ...DRIVER_PATH,
        about:
          'module only: the file of the driver. It runs as a part of the reader, so trust it as you trust us.',
        initialNote: 'none; a module must have one',
        example: '/etc/sensor-gateway/drivers/pond.mjs',
      }),
      only: several({
        of: text({ ...SENSOR_PATTERN, about: '' }),
        countMax: 64,
        about: 'kernel only: which of its sensors to read, by their own names (`sensorctl sensors scan`).',
        initialNote: 'all',
        example: ['w1-*', 'hwmon-cpu_thermal'],
      }),
      skip: several({
        of: text({ ...SENSOR_PATTERN, about: '' }),
        countMax: 64,
        about: 'kernel only: which of them to leave out.',
        initialNote: 'none',
        example: ['net-*'],
      }),
      names: table({
        key: NAME,
        of: text({ ...NAME, about: '' }),
        countMax: 256,
        about: 'kernel only: what to call them: its own name of each, and the one for the readings.',
        initialNote: 'their own',
        example: { 'w1-28-0316a2795e8b': 'water-tank' },
      }),
    },
  }),

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
    'Whose word counts for the clock of this machine. Times are UTC; the time zone changes nothing.',
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

  backpressure: section('What happens to sampling while a destination is down.', {
    sampling: choice({
      of: ['slow', 'keep'],
      initial: 'slow',
      about: 'slow: the interval follows the pauses of the breaker. keep: sampling goes on at full rate.',
    }),
  }),

  destinations: list({
    about: 'Where readings are delivered. They are independent: one that is down never holds up another.',
    entriesMax: 8,
    initial: [{ name: 'local', url: `http://127.0.0.1:${API_PORT}` }],
    entry: {
      name: text({
        ...NAME,
        about: 'Unique among the destinations. A new name starts from the whole backlog.',
      }),
      url: text({ ...URL_RULES, about: 'The write API: scheme, host and port.' }),
      tokenFile: text({
        ...PATH,
        about: 'A file that holds the bearer token, readable by us alone.',
        initialNote: 'no token',
        example: '/etc/sensor-gateway/token',
      }),
      caFile: text({
        ...PATH,
        about: 'A PEM file with the authority that signed its certificate.',
        initialNote: "the system's authorities",
        example: '/etc/sensor-gateway/ca.pem',
      }),
      requestTimeoutMs: duration({
        min: '100ms',
        max: '5m',
        about: 'As delivery.request_timeout, for this one.',
        initialNote: '`delivery.request_timeout`',
        example: '10s',
      }),
      batchTimeoutMs: duration({
        min: '100ms',
        max: '10m',
        about: 'As delivery.batch_timeout, for this one.',
        initialNote: '`delivery.batch_timeout`',
        example: '30s',
      }),
    },
  }),

  outbox: section('What the outbox may take of the disk.', {
    bytesMax: size({
      initial: '256MiB',
      min: '16MiB',
      max: '64GiB',
      about:
        'How large it may become. Near it the oldest undelivered readings are thinned to means, and the oldest of these given up, and named.',
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

  api: section('The write API on this machine.', {
    host: text({
      ...HOST,
      initial: '127.0.0.1',
      about: 'Where it listens. Only this machine itself, for now: there is no token for others yet.',
    }),
    port: integer({
      initial: API_PORT,
      min: 1,
      max: 65_535,
      about: 'Its port. Readings are delivered there unless `destinations` says otherwise.',
    }),
    defaultGateway: text({
      ...NAME,
      about: 'The gateway of readings that name none (`POST /api/v1/readings`).',
      initialNote: 'the value of `gateway`',
      example: 'greenhouse',
    }),
    futureMaxMs: duration({
      initial: '24h',
      min: '1s',
      max: '7d',
      about: 'A reading from further in the future is refused: its clock is wrong.',
    }),
  }),
});
