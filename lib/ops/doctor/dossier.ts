/**
 * What somebody who helps from afar would ask for next: states, journal, configuration and what the kernel
 * says of the machine. What cannot be had says so in its place. Nothing leaves here unmasked.
 */

import { messageOf } from '../../base/errors.ts';
import type { TarEntry } from '../../base/tar.ts';
import { fewAtOnce } from './few-at-once.ts';
import type { Subject } from './finding.ts';
import { createMask } from './mask.ts';
import type { Probe } from './probe.ts';

/** A day of a gateway in trouble; the interesting lines are the last. */
const JOURNAL_LINES = 2_000;

const UNITS = ['sensor-main', 'sensor-api-write', 'sensor-monitor', 'sensor-recover'];

const FILES = [
  '/etc/os-release',
  '/proc/cmdline',
  '/proc/meminfo',
  '/proc/self/mountinfo',
  '/proc/uptime',
  '/proc/loadavg',
  '/boot/firmware/config.txt',
];

const COMMANDS: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['uname', 'uname', '-a'],
  ['df', 'df', '-hT'],
  ['df-inodes', 'df', '-i'],
  ['timedatectl', 'timedatectl'],
  ['systemctl-status', 'systemctl', 'status', '--no-pager', '-l', '-n', '0', ...UNITS],
  ['systemctl-cat', 'systemctl', 'cat', '--no-pager', 'sensor-main', 'sensor-api-write', 'sensor-monitor'],
  ['listening', 'ss', '-ltn'],
  ...UNITS.map((unit): [string, string, ...string[]] => [
    `journal-${unit}`,
    'journalctl',
    '--no-pager',
    '-o',
    'short-iso',
    '-n',
    String(JOURNAL_LINES),
    '-u',
    unit,
  ]),
  [
    'journal-recover',
    'journalctl',
    '--no-pager',
    '-o',
    'short-iso',
    '-n',
    '200',
    '-t',
    'sensor-gateway-recover',
  ],
];

const OWN_COMMANDS = ['status', 'why', 'outbox stat', 'breaker show', 'dead list', 'config show'];

/** `more` are texts of the caller, masked like the others. */
export async function dossier(
  probe: Probe,
  subject: Subject,
  more: readonly TarEntry[],
): Promise<readonly TarEntry[]> {
  const mask = createMask(await secretsOf(probe, subject));
  const files = [
    ...FILES,
    ...(subject.configFile === undefined ? [] : [subject.configFile]),
    ...['sensor-main', 'sensor-api-write', 'sensor-monitor'].map(
      (program) => `${subject.runDir}/${program}.health.json`,
    ),
  ];
  const own = OWN_COMMANDS.map((line): [string, string, ...string[]] => [
    `sensorctl-${line.replace(' ', '-')}`,
    subject.node,
    subject.sensorctl,
    ...line.split(' '),
    '--no-color',
    '--data-dir',
    subject.dataDir,
  ]);
  const texts = await fewAtOnce(files, async (file) => ({
    name: `files${file}`,
    text: await textOr(async () => (await probe.readFile(file)) ?? '(not there)\n'),
  }));
  const answers = await fewAtOnce([...COMMANDS, ...own], async ([name, command, ...args]) => ({
    name: `commands/${name}.txt`,
    text: await textOr(async () => {
      const ran = await probe.run(command, args);
      return ran === undefined ? '(not installed)\n' : `${ran.stdout}${ran.stderr}(ended with ${ran.code})\n`;
    }),
  }));
  return [...more, ...texts, ...answers].map(({ name, text }) => ({ name, text: mask(text) }));
}

async function secretsOf(
  probe: Probe,
  { destinations, secretFiles = [], secrets = [] }: Subject,
): Promise<string[]> {
  const files = [
    ...destinations.flatMap(({ tokenFile }) => tokenFile ?? []),
    ...secretFiles,
    '/etc/credstore/sensor-gateway.token',
  ];
  // One that this user may not read cannot have got into what he may read from there.
  const read = files.map((file) => textOr(async () => (await probe.readFile(file)) ?? '', ''));
  return [...secrets, ...(await Promise.all(read))];
}

async function textOr(read: () => Promise<string>, instead?: string): Promise<string> {
  try {
    return await read();
  } catch (error) {
    return instead ?? `(${messageOf(error)})\n`;
  }
}
