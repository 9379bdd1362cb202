/**
 * What a virtual machine boots: Debian's kernel, a small first file system that finds the disks, and the
 * Debian of debian-root.ts as an ext4 image. Made once and kept in the cache; only apt is asked for anything.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BOOTABLE, cached, debianRoot, run } from '../support/debian-root.ts';
import { KERNEL_MODULES } from './i2c/kernel-drivers.ts';

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
  /** Machines share it: each writes to a snapshot that is gone with it. */
  readonly root: string;
}

const HERE = import.meta.dirname;

/** For the first file system, in this order as far as they do not depend on each other. */
const EARLY_MODULES = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4', 'virtio_console', 'virtio_rng'];
/** Beyond that: an I2C adapter on a virtual USB port, and the kernel's own drivers for chips on it. */
const MODULES = [...EARLY_MODULES, 'i2c-dev', 'vhci-hcd', 'i2c-tiny-usb', ...KERNEL_MODULES];

/** The same as of the machines in containers (booted-machine.ts), so that one directory serves both. */
const PACKAGES = [...BOOTABLE, 'curl'];
const ROOT_SIZE = '1200M';

const NO_KERNEL = 'apt knows no linux-image-amd64: is there an `apt-get update` to be run?';

/** Why nothing could boot; `undefined` if there is a kernel to be had. */
export function whyNoKernel(): string | undefined {
  return currentKernel() === undefined ? NO_KERNEL : undefined;
}

/** The package of the kernel that Debian's own name for the newest one leads to. */
function currentKernel(): string | undefined {
  const { stdout } = spawnSync('apt-cache', ['depends', 'linux-image-amd64'], { encoding: 'utf8' });
  return /Depends: (linux-image-\S+)/.exec(stdout ?? '')?.[1];
}

/** Takes about a minute the first time. */
export function guestImage(): GuestImage {
  const debian = debianRoot({ packages: PACKAGES });
  const kernelPackage = currentKernel();
  if (kernelPackage === undefined) throw new Error(NO_KERNEL);
  const own = ['guest-init.sh', 'guest-agent.service'].map((name) => readFileSync(join(HERE, name), 'utf8'));
  const key = JSON.stringify([debian, kernelPackage, MODULES, ROOT_SIZE, own]);
  const place = cached('guest', key, (fresh) => {
    const guest = join(fresh, 'guest');
    mkdirSync(guest);
    run('apt-get', ['-qq', 'download', kernelPackage, 'busybox-static'], fresh);
    for (const name of readdirSync(fresh).filter((file) => file.endsWith('.deb'))) {
      run('dpkg-deb', ['-x', name, 'unpacked'], fresh);
    }
    makeGuest(join(fresh, 'unpacked'), debian, guest);
    run('rm', [
      '-rf',
      join(fresh, 'unpacked'),
      ...readdirSync(fresh)
        .filter(isDeb)
        .map((name) => join(fresh, name)),
    ]);
    return guest;
  });
  return {
    kernel: join(place, 'vmlinuz'),
    initrd: join(place, 'initrd'),
    root: join(place, 'root.ext4'),
  };
}

const isDeb = (name: string) => name.endsWith('.deb');

function makeGuest(unpacked: string, debian: string, guest: string): void {
  const modulesDir = ['usr/lib/modules', 'lib/modules'].find((dir) => existsSync(join(unpacked, dir))) ?? '';
  const version = readdirSync(join(unpacked, modulesDir))[0] ?? '';
  cpSync(join(unpacked, 'boot', `vmlinuz-${version}`), join(guest, 'vmlinuz'));
  run('depmod', ['-b', join(unpacked, dirname(dirname(modulesDir))), version]);
  const files = (names: readonly string[]) => names.flatMap((name) => moduleFiles(unpacked, version, name));

  const initrd = join(unpacked, 'initrd');
  for (const dir of ['bin', 'dev', 'proc', 'sys', 'root', 'modules']) {
    mkdirSync(join(initrd, dir), { recursive: true });
  }
  cpSync(join(unpacked, 'bin/busybox'), join(initrd, 'bin/busybox'));
  for (const [index, file] of [...new Set(files(EARLY_MODULES))].entries()) {
    copyModule(file, join(initrd, 'modules', `${String(index + 10)}-${basename(file)}`));
  }
  cpSync(join(HERE, 'guest-init.sh'), join(initrd, 'init'));
  chmodSync(join(initrd, 'init'), 0o755);
  run('sh', ['-c', `find . | cpio -o -H newc --quiet | gzip -1 >'${join(guest, 'initrd')}'`], initrd);

  const root = join(unpacked, 'root');
  run('cp', ['-a', debian, root]);
  run('rm', ['-rf', ...['doc', 'man', 'locale', 'info'].map((name) => join(root, 'usr/share', name))]);
  const target = join(root, 'usr/lib/modules', version);
  mkdirSync(join(target, 'kernel'), { recursive: true });
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    cpSync(join(unpacked, modulesDir, version, name), join(target, name));
  }
  for (const file of new Set(files(MODULES))) copyModule(file, join(target, 'kernel', basename(file)));
  run('depmod', ['-b', root, version]);
  installAgent(root);
  run('mke2fs', ['-q', '-t', 'ext4', '-L', 'root', '-d', root, join(guest, 'root.ext4'), ROOT_SIZE]);
}

/** The module and all that it needs, in the order in which they must be loaded; none if it is built in. */
function moduleFiles(base: string, version: string, name: string): string[] {
  const listed = run('sh', [
    '-c',
    `modprobe -d '${base}' -S '${version}' --show-depends '${name}' 2>/dev/null || :`,
  ]);
  return [...listed.matchAll(/^insmod (\S+)/gm)].map(([, file]) => file ?? '');
}

/** Uncompressed, because the first file system has nothing that could do it. */
function copyModule(file: string, to: string): void {
  if (file.endsWith('.xz')) run('sh', ['-c', `xz -dc '${file}' >'${to.replace(/\.xz$/, '')}'`]);
  else cpSync(file, to);
}

/** The unit of the one who takes orders (guest-agent.sh), and nothing that would only slow the start. */
function installAgent(root: string): void {
  const units = join(root, 'etc/systemd/system');
  cpSync(join(HERE, 'guest-agent.service'), join(units, 'guest-agent.service'));
  mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true });
  run('ln', ['-sf', '../guest-agent.service', join(units, 'multi-user.target.wants/')]);
  for (const unit of [
    'systemd-timesyncd.service',
    'systemd-networkd.service',
    'serial-getty@ttyS0.service',
    'getty@tty1.service',
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
    'e2scrub_all.timer',
    'e2scrub_reap.service',
    'fstrim.timer',
    'systemd-tmpfiles-clean.timer',
    // Every boot of a snapshot would be its first, and index what nobody looks up.
    'systemd-hwdb-update.service',
    'systemd-journal-catalog-update.service',
    'ldconfig.service',
    'systemd-firstboot.service',
    'systemd-machine-id-commit.service',
    'systemd-random-seed.service',
    'systemd-update-done.service',
    'systemd-update-utmp.service',
    'systemd-update-utmp-runlevel.service',
    // The kernel makes all device files that are needed here.
    'systemd-udevd.service',
    'systemd-udevd-control.socket',
    'systemd-udevd-kernel.socket',
    'systemd-udev-trigger.service',
    'systemd-logind.service',
  ]) {
    run('ln', ['-sf', '/dev/null', join(units, unit)]);
  }
  writeFileSync(join(root, 'etc/hostname'), 'guest\n');
  writeFileSync(join(root, 'etc/machine-id'), 'uninitialized\n');
  mkdirSync(join(root, 'opt/sensor-gateway'), { recursive: true });
}
