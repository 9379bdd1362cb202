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

export interface GuestGateway extends Machine {
  /** Gives the units these lines of `[Service]` beyond their own, and starts them anew. */
  startWith(lines: readonly string[]): Promise<void>;
  /** Sets a limit of the reader's control group while it runs: `CPUQuota=5%`. */
  limit(property: string): Promise<void>;
  /** Resolves when the reader has accepted so many more rounds. */
  rounds(n: number): Promise<void>;
  /** Resolves when that many more lines of systemd about the reader have these words. */
  saidOfReader(words: string, n?: number): Promise<void>;
  /** How often systemd has said so of the reader. */
  saidSoFar(words: string): number;
  property(unit: string, name: string): Promise<string>;
  /** A file of the reader's control group. */
  limitFile(name: string): Promise<string>;
  /** Stops it, turns the machine off, and holds what the journal says was accepted against the files. */
  accounts(): Promise<Audit>;
}

/**
 * Rounds as often as a configuration may ask for them, so that a test gets to see some. The kernel's files keep the
 * usual interval and deadline: with half of a second a read that is only starved would be called stuck after 11 s.
 */
const CONFIG = `
gateway: test-gateway
clock: {trust: always}
sampling: {interval: 1s, deadline: 500ms}
breaker: {pauses: [1s, 2s]}
backpressure: {sampling: keep}
sources: [{type: kernel, interval: 10s, deadline: 5s}, {type: simulated, name: a}, {type: simulated, name: b}, {type: simulated, name: c}]
log: {level: debug, format: json}
`;
/** What is beside the point here: a start takes a hundred times as long as outside, and a restart should not wait. */
const PATIENCE = ['TimeoutStartSec=600', 'RestartSec=1'];
const DATA = '/var/lib/sensor-gateway';
const DATA_SIZE = '64M';

/** Resolves when the machine runs and everything is installed; nothing is started yet. */
export async function bootGateway(dir: string): Promise<GuestGateway> {
  const data = join(dir, 'data.ext4');
  run('truncate', ['-s', DATA_SIZE, data]);
  run('mke2fs', ['-q', '-F', '-t', 'ext4', data]);
  const files = ['test/vm/leak.ts'];
  const machine = await startMachine({ image: guestImage(), app: appImage(dir, files), dir, disks: [data] });
  await machine.put('/etc/sensor-gateway/config.yaml', CONFIG);
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

  return {
    ...machine,
    async startWith(service) {
      for (const unit of UNITS) {
        const text = ['[Service]', ...PATIENCE, ...service, ''].join('\n');
        await machine.put(`/run/systemd/system/${unit}.service.d/test.conf`, text);
      }
      const { code } = await machine.run(`systemctl daemon-reload; systemctl restart ${UNITS.join(' ')}`);
      if (code !== 0)
        throw new Error(`not started: ${await machine.do('journalctl --lines=40 --output=cat')}`);
    },
    async limit(property) {
      await machine.do(`systemctl set-property --runtime ${READER}.service ${property}`);
    },
    rounds: (n) => count(isRound, soFar(isRound) + n),
    saidOfReader: (words, n = 1) => count(ofReader(words), soFar(ofReader(words)) + n),
    saidSoFar: (words) => soFar(ofReader(words)),
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
