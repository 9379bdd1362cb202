/**
 * The built gateway in a virtual machine, with its units as they are installed and its data on a disk of its
 * own, so that the test can look at every reading afterwards. What its programs and systemd say of them
 * comes through the journal.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SeqRanges } from '../../lib/flow/seq-ranges.ts';
import { type Audit, addRange, audit } from '../crash/audit.ts';
import { outboxBooks, storeBooks } from '../crash/books.ts';
import type { Line } from '../support/child.ts';
import { run } from '../support/debian-root.ts';
import { appImage } from './app-image.ts';
import { guestImage } from './guest-image.ts';
import { type Machine, startMachine } from './machine.ts';

export const READER = 'sensor-main';
export const API = 'sensor-api-write';
const UNITS = [API, READER];

export interface AcceptedRound {
  readonly at: Date;
  readonly readings: number;
}

export interface GuestGateway extends Machine {
  /** Writes the configuration: what these tests have in common, and beyond that `sampling:` and `sources:`. */
  configure(text: string): Promise<void>;
  /** How many times as long as on a small Raspberry Pi Node takes to start here and now; at least 1. */
  slowness(): Promise<number>;
  /** Starts the units, or starts them anew. */
  start(): Promise<void>;
  /** Gives the units these lines of `[Service]` beyond their own, from their next start on. */
  nextStartWith(lines: readonly string[]): Promise<void>;
  /** Sets a limit of the reader's control group while it runs: `CPUQuota=5%`. */
  limit(property: string): Promise<void>;
  /** Resolves when the reader has accepted so many more rounds. */
  rounds(n: number): Promise<void>;
  /** Resolves when that many more lines of systemd about the reader have these words. */
  saidOfReader(words: string, n?: number): Promise<void>;
  /** What systemd has said of each end of the reader that was not in order: `Failed with result 'watchdog'.` */
  failures(): readonly string[];
  /** The rounds that the reader has accepted so far. */
  roundsSoFar(): readonly AcceptedRound[];
  property(unit: string, name: string): Promise<string>;
  /** A file of the reader's control group. */
  limitFile(name: string): Promise<string>;
  /** Stops it, turns the machine off, and holds what the journal says was accepted against the files. */
  accounts(): Promise<Audit>;
}

const CONFIG = `
gateway: test-gateway
clock: {trust: always}
breaker: {pauses: [1s, 2s]}
backpressure: {sampling: keep}
log: {level: debug, format: json}
`;
/** What a Zero 2 W needs to start Node, by estimate. */
const NODE_START_MS = 500;
/** What is beside the point here: a start takes a hundred times as long as outside, and a restart should not wait. */
const PATIENCE = ['TimeoutStartSec=600', 'RestartSec=1'];
const FAILED = 'Failed with result';
const DATA = '/var/lib/sensor-gateway';
const DATA_SIZE = '64M';

/**
 * Resolves when the machine runs and everything is installed; nothing is configured or started yet. `files` of the
 * tests lie compiled in the machine, each under its path in payload/.
 */
export async function bootGateway(dir: string, files: readonly string[]): Promise<GuestGateway> {
  const data = join(dir, 'data.ext4');
  run('truncate', ['-s', DATA_SIZE, data]);
  run('mke2fs', ['-q', '-F', '-t', 'ext4', data]);
  const machine = await startMachine({ image: guestImage(), app: appImage(dir, files), dir, disks: [data] });
  await machine.do(`
    set -e
    cp ../*.service /etc/systemd/system/
    systemd-sysusers /opt/sensor-gateway/deploy/sensor-gateway.sysusers.conf
    mkdir -p ${DATA}
    mount -t ext4 /dev/vdc ${DATA}
    journalctl --follow --lines=all --output=json --output-fields=MESSAGE,UNIT,_SYSTEMD_UNIT >/dev/hvc0 2>&1 &
  `);

  const { lines, count } = machine.process;
  const ofReader = (words: string) => (line: Line) =>
    line.UNIT === `${READER}.service` && String(line.MESSAGE).includes(words);
  const soFar = (matches: (line: Line) => boolean) => lines.filter(matches).length;

  async function nextStartWith(service: readonly string[]): Promise<void> {
    for (const unit of UNITS) {
      const text = ['[Service]', ...PATIENCE, ...service, ''].join('\n');
      await machine.put(`/run/systemd/system/${unit}.service.d/test.conf`, text);
    }
    await machine.do('systemctl daemon-reload');
  }
  await nextStartWith([]);

  return {
    ...machine,
    nextStartWith,
    configure: (text) => machine.put('/etc/sensor-gateway/config.yaml', CONFIG + text),
    async slowness() {
      const startedMono = performance.now();
      await machine.do('node -e 0');
      return Math.max(1, (performance.now() - startedMono) / NODE_START_MS);
    },
    async start() {
      const { code } = await machine.run(`systemctl restart ${UNITS.join(' ')}`);
      if (code !== 0)
        throw new Error(`not started: ${await machine.do('journalctl --lines=40 --output=cat')}`);
    },
    async limit(property) {
      await machine.do(`systemctl set-property --runtime ${READER}.service ${property}`);
    },
    rounds: (n) => count(isRound, soFar(isRound) + n),
    saidOfReader: (words, n = 1) => count(ofReader(words), soFar(ofReader(words)) + n),
    failures: () => lines.filter(ofReader(FAILED)).map(({ MESSAGE }) => String(MESSAGE).replace(/^.*: /, '')),
    roundsSoFar: () =>
      lines
        .filter(isRound)
        .flatMap((line) => roundOf(line) ?? [])
        .map(({ time, lo, hi }) => ({ at: new Date(String(time)), readings: Number(hi) - Number(lo) + 1 })),
    property: async (unit, name) =>
      (await machine.do(`systemctl show --value --property=${name} ${unit}`)).trim(),
    limitFile: async (name) =>
      (await machine.do(`cat /sys/fs/cgroup/system.slice/${READER}.service/${name}`)).trim(),
    async accounts() {
      await machine.do(`systemctl stop ${READER} && systemctl stop ${API} && umount ${DATA}`);
      await machine.powerOff();
      const mounted = join(dir, 'data');
      mkdirSync(mounted, { recursive: true });
      run('mount', ['-o', 'loop', data, mounted]);
      try {
        const accepted = acceptedIn(lines);
        if (accepted.size === 0) throw new Error('the journal names no reading that was accepted');
        const evidence = { outbox: outboxBooks(mounted), store: storeBooks(mounted) };
        return audit({ accepted, seen: new Map(), ...evidence });
      } finally {
        spawnSync('umount', [mounted]);
      }
    },
  };
}

interface Round {
  readonly event?: unknown;
  readonly time?: unknown;
  readonly stream?: unknown;
  readonly lo?: unknown;
  readonly hi?: unknown;
}

const isRound = (line: Line) => line._SYSTEMD_UNIT === `${READER}.service` && roundOf(line) !== undefined;

function roundOf({ MESSAGE }: Line): Round | undefined {
  const text = String(MESSAGE);
  if (!text.includes('"outbox.appended"')) return undefined;
  const round: Round = JSON.parse(text);
  return round.event === 'outbox.appended' ? round : undefined;
}

function acceptedIn(lines: readonly Line[]): Map<string, SeqRanges> {
  const accepted = new Map<string, SeqRanges>();
  for (const line of lines.filter(isRound)) {
    const round = roundOf(line);
    if (round !== undefined) addRange(accepted, String(round.stream), Number(round.lo), Number(round.hi));
  }
  return accepted;
}
