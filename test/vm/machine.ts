/**
 * A whole machine for a test: QEMU with Debian's kernel, its cgroups, its block layer and its systemd, and in
 * it the built programs of this project. It does as it is told, by shell scripts through a port. No hardware
 * help is needed, so it runs wherever a CI runs, some twenty times slower than the machine around it.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Child, startChild } from '../support/child.ts';
import { whyNoDebianRoot } from '../support/debian-root.ts';
import { type GuestImage, whyNoKernel } from './guest-image.ts';

export interface MachineOptions {
  readonly image: GuestImage;
  /** From `appImage`. */
  readonly app: string;
  /** A directory for its console and its socket; the test's own. */
  readonly dir: string;
  /** Without systemd: nothing runs in it but what it is told to. */
  readonly bare?: boolean;
  /** Raw images; the first is /dev/vdc in the machine. */
  readonly disks?: readonly string[];
  /** Files that the machine appends to through /dev/vport1p2 and on, each write at once and for good. */
  readonly notes?: readonly string[];
}

export interface Machine {
  /** QEMU; its lines are what was written to /dev/hvc0 in the machine. */
  readonly process: Child;
  /** Runs a shell script as root, beside the compiled files of the app image. One at a time, in order. */
  run(script: string): Promise<Result>;
  /** The same; rejects unless it ends with 0. */
  do(script: string): Promise<string>;
  /** Writes a small file, with the directories above it. */
  put(path: string, text: string): Promise<void>;
  /** Writes everything to the disks, and turns it off. */
  powerOff(): Promise<void>;
  /** Its kernel and all that was in its memory is gone in one instant. May be called twice. */
  cutPower(): Promise<void>;
}

export interface Result {
  readonly code: number;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

const TOOLS = [
  'qemu-system-x86_64',
  'mke2fs',
  'depmod',
  'modprobe',
  'cpio',
  'xz',
  'dpkg-deb',
  'losetup',
  'setpriv',
];

/** Why there can be no machine here; `undefined` if there can. */
export function whyNoMachine(): string | undefined {
  if (process.arch !== 'x64') return `the machine would be a PC, and this is ${process.arch}`;
  const missing = TOOLS.find((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  if (missing !== undefined) return `${missing} is not installed`;
  return whyNoDebianRoot() ?? whyNoKernel();
}

/** Resolves when it takes orders. Whoever starts it cuts its power in the end, whatever happens. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const orders = await ordersPort();
  const child = startQemu(options, orders.port);
  const takesOrders = orders.connected.then(conversation);
  const ended = child.exited.then((): never => {
    const console = readFileSync(join(options.dir, 'console'), 'utf8').split('\n').slice(-20).join('\n');
    throw new Error(`the machine has ended: ${child.lastWords()}\nits console:\n${console}`);
  });
  ended.catch(() => {});
  const say = await Promise.race([takesOrders, ended]).finally(() => orders.server.close());

  const machine: Machine = {
    process: child,
    async run(script) {
      const answer = await Promise.race([say(script), ended]);
      const [, output = '', code = ''] = /^([\s\S]*?)(\d+)\n?$/.exec(answer) ?? [];
      return { output, code: Number(code) };
    },
    async do(script) {
      const { code, output } = await machine.run(script);
      if (code !== 0) throw new Error(`${script} ended with ${code}: ${output}`);
      return output;
    },
    async put(path, text) {
      const encoded = Buffer.from(text).toString('base64');
      await machine.do(`mkdir -p "$(dirname '${path}')" && echo ${encoded} | base64 -d >'${path}'`);
    },
    async powerOff() {
      await machine.run('sync; echo o >/proc/sysrq-trigger; sleep 60').catch(() => {});
      await child.exited;
    },
    async cutPower() {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
  return machine;
}

function startQemu({ image, app, dir, bare, disks = [], notes = [] }: MachineOptions, port: number): Child {
  const append = [
    'console=ttyS0 quiet loglevel=3 panic=1 mitigations=off audit=0 selinux=0 apparmor=0',
    'random.trust_cpu=1 systemd.show_status=0',
    ...(bare ? ['sgw.bare'] : []),
  ].join(' ');
  const ports = [
    `socket,id=port1,host=127.0.0.1,port=${port}`,
    ...notes.map((file, index) => `file,id=port${index + 2},path=${file},append=on`),
  ];
  return startChild(
    // A test that is killed takes its machine along.
    'setpriv',
    [
      ...'--pdeathsig KILL qemu-system-x86_64'.split(' '),
      ...'-M q35 -accel tcg,thread=multi,tb-size=256 -cpu max -smp 2 -m 1024'.split(' '),
      ...'-nodefaults -no-user-config -display none -nic none -no-reboot'.split(' '),
      ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', append],
      ...['-drive', `file=${image.root},format=raw,if=virtio,snapshot=on,cache=unsafe`],
      ...['-drive', `file=${app},format=raw,if=virtio,readonly=on`],
      // Write back, and flush when the machine says so: what it never wrote is lost with its memory.
      ...disks.flatMap((file) => ['-drive', `file=${file},format=raw,if=virtio,cache=writeback`]),
      ...['-serial', `file:${join(dir, 'console')}`, '-device', 'virtio-rng-pci'],
      ...[
        '-device',
        'virtio-serial-pci',
        '-chardev',
        'stdio,id=said,signal=off',
        '-device',
        'virtconsole,chardev=said',
      ],
      ...ports.flatMap((chardev, index) => [
        ...['-chardev', chardev],
        ...['-device', `virtserialport,chardev=port${index + 1},nr=${index + 1}`],
      ]),
    ],
    { cwd: dir },
  );
}

interface OrdersPort {
  readonly server: Server;
  readonly port: number;
  readonly connected: Promise<Socket>;
}

/** We listen and QEMU connects: the other way round somebody would have to wait for a socket to appear. */
async function ordersPort(): Promise<OrdersPort> {
  const server = createServer();
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, port, connected };
}

/** Resolves when the agent in the machine is ready, with a function that gives it one order after the other. */
async function conversation(socket: Socket): Promise<(script: string) => Promise<string>> {
  socket.on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  await lines.next();
  let last: Promise<unknown> = Promise.resolve();
  return (script) => {
    const answer = last.then(async () => {
      socket.write(`${Buffer.from(script).toString('base64')}\n`);
      const { value } = await lines.next();
      return Buffer.from(String(value ?? ''), 'base64').toString();
    });
    last = answer.catch(() => {});
    return answer;
  };
}
