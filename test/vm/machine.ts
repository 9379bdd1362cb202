/**
 * A whole machine for a test: QEMU with Debian's kernel, its cgroups, its block layer and its systemd, and in
 * it the built programs of this project. No hardware help is needed, so it runs wherever a CI runs, some ten
 * times slower than the machine around it.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from '../support/child.ts';
import { compileInto } from '../support/compile.js';
import { run, whyNoDebianRoot } from '../support/debian-root.ts';
import type { GuestImage } from './guest-image.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface MachineOptions {
  readonly image: GuestImage;
  /** From `appImage`. */
  readonly app: string;
  /** A file of test/vm/payloads: a shell script without systemd, else a compiled module. */
  readonly payload: string;
  /** Without systemd: the payload is the only program. */
  readonly bare?: boolean;
  /** Raw images; the first is /dev/vdc in the machine. */
  readonly disks?: readonly string[];
  /** Files that the machine appends to through /dev/vport1p1 and on, each write at once and for good. */
  readonly notes?: readonly string[];
  /** What it says on its console goes there. */
  readonly console: string;
}

/** Why there can be no machine here; `undefined` if there can. */
export function whyNoMachine(): string | undefined {
  if (process.arch !== 'x64') return `the machine would be a PC, and this is ${process.arch}`;
  const tools = ['qemu-system-x86_64', 'mke2fs', 'depmod', 'modprobe', 'cpio', 'xz', 'dpkg-deb', 'losetup'];
  const missing = tools.find((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  return whyNoDebianRoot() ?? (missing === undefined ? undefined : `${missing} is not installed`);
}

/** Starts it. What its payload prints are the lines of the child; killing the child cuts the power, and must be done. */
export function startMachine(options: MachineOptions): Child {
  const { image, app, payload, disks = [], notes = [] } = options;
  const append = [
    'console=ttyS0 quiet loglevel=3 panic=1 mitigations=off audit=0 selinux=0 apparmor=0',
    'random.trust_cpu=1 systemd.show_status=0',
    `sgw.payload=${payload}${options.bare ? ' sgw.bare' : ''}`,
  ].join(' ');
  return startChild(
    'qemu-system-x86_64',
    [
      ...'-M q35 -accel tcg,thread=multi,tb-size=256 -cpu max -smp 2 -m 1024'.split(' '),
      ...'-nodefaults -no-user-config -display none -nic none -no-reboot'.split(' '),
      ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', append],
      ...['-drive', `file=${image.root},format=raw,if=virtio,snapshot=on,cache=unsafe`],
      ...['-drive', `file=${app},format=raw,if=virtio,readonly=on`],
      // Write back, and flush when the machine says so: what it never flushed is lost with its memory.
      ...disks.flatMap((file) => ['-drive', `file=${file},format=raw,if=virtio,cache=writeback`]),
      ...['-serial', `file:${options.console}`, '-serial', 'stdio', '-device', 'virtio-rng-pci'],
      ...(notes.length > 0 ? ['-device', 'virtio-serial-pci'] : []),
      ...notes.flatMap((file, index) => [
        ...['-chardev', `file,id=notes${index},path=${file},append=on`],
        ...['-device', `virtserialport,chardev=notes${index},nr=${index + 1}`],
      ]),
    ],
    { cwd: ROOT },
  );
}

/** An image of what the machine sees as /opt/sensor-gateway: the built project, and payloads beside it. */
export function appImage(dir: string, payloads: readonly string[]): string {
  const app = join(dir, 'app');
  mkdirSync(app);
  for (const name of ['dist', 'package.json', 'sensor-main.service', 'sensor-api-write.service']) {
    cpSync(join(ROOT, name), join(app, name), { recursive: true });
  }
  for (const path of productionPackages()) {
    cpSync(join(ROOT, path), join(app, path), {
      recursive: true,
      // The sources of what is compiled, a hundred times the size of the rest.
      filter: (from) => !/better-sqlite3\/(deps|build\/Release\/obj)(\/|$)/.test(from),
    });
  }
  const compiled = join(dir, 'compiled');
  mkdirSync(compiled);
  compileInto(
    compiled,
    payloads.filter((file) => file.endsWith('.ts')),
  );
  for (const part of ['package.json', 'lib', 'src', 'test']) {
    const from = join(compiled, part);
    if (existsSync(from)) cpSync(from, join(app, 'payload', part), { recursive: true });
  }
  for (const file of payloads.filter((name) => name.endsWith('.sh'))) {
    cpSync(join(ROOT, file), join(app, 'payload', file));
  }
  // The units name the release that an installation calls the current one.
  symlinkSync('.', join(app, 'current'));
  const image = join(dir, 'app.ext4');
  run('mke2fs', ['-q', '-t', 'ext4', '-d', app, image, '200M']);
  return image;
}

/** Where the packages lie that the programs need when they run. */
function productionPackages(): string[] {
  const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  );
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(ROOT, path)))
    .map(([path]) => path);
}
