/**
 * A machine as it was recorded: files, commands and answers that a check then finds. What was not recorded
 * is not there.
 */

import {
  type Answered,
  type FileStat,
  NoAnswer,
  NotPermitted,
  type Probe,
  type Ran,
  type Room,
} from '../../lib/ops/doctor/probe.ts';

/** A file's text, or what else is to be known of it; `denied` may not be looked at. */
type RecordedFile = string | (Partial<FileStat> & { readonly text?: string }) | 'denied:';

export interface Recording {
  readonly files?: Readonly<Record<string, RecordedFile>>;
  /** By command line; a text is the output of a success. */
  readonly commands?: Readonly<Record<string, string | Partial<Ran> | 'hangs:'>>;
  readonly rooms?: Readonly<Record<string, Partial<Room>>>;
  readonly answers?: Readonly<Record<string, Answered>>;
}

export const DENIED = 'denied:';
export const HANGS = 'hangs:';

const ROOM: Room = { bytes: 32e9, bytesFree: 20e9, inodes: 2_000_000, inodesFree: 1_900_000 };

export function recordedProbe({
  files = {},
  commands = {},
  rooms = {},
  answers = {},
}: Recording): Probe & { readonly asked: string[] } {
  const asked: string[] = [];
  const fileAt = (path: string) => {
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    if (file === DENIED) throw new NotPermitted(path);
    return file;
  };
  const namesIn = (dir: string) => {
    const inside = Object.keys(files).filter((path) => path.startsWith(`${dir}/`));
    return [...new Set(inside.map((path) => path.slice(dir.length + 1).split('/')[0] ?? ''))];
  };
  return {
    asked,
    async readFile(path) {
      const file = fileAt(path);
      return typeof file === 'string' ? file : file?.text;
    },
    async list(dir) {
      const file = fileAt(dir);
      const names = namesIn(dir);
      return names.length > 0 || file !== undefined ? names : undefined;
    },
    async stat(path) {
      const file = fileAt(path);
      if (file === undefined && namesIn(path).length === 0) return undefined;
      const known = typeof file === 'object' ? file : {};
      const text = typeof file === 'string' ? file : known.text;
      const kind = text === undefined ? 'directory' : 'file';
      const mode = kind === 'file' ? 0o640 : 0o750;
      return { kind, mode, uid: 999, gid: 999, bytes: text?.length ?? 0, changedAt: 0, ...known };
    },
    async room(path) {
      const room = Object.hasOwn(rooms, path) ? rooms[path] : undefined;
      return room === undefined ? undefined : { ...ROOM, ...room };
    },
    async run(command, args) {
      const line = [command, ...args].join(' ');
      asked.push(line);
      const ran = Object.hasOwn(commands, line) ? commands[line] : undefined;
      if (ran === HANGS) throw new NoAnswer(line, 15_000);
      if (ran === undefined) return undefined;
      return typeof ran === 'string'
        ? { code: 0, stdout: ran, stderr: '' }
        : { code: 1, stdout: '', stderr: '', ...ran };
    },
    async fetch(url) {
      return (Object.hasOwn(answers, url) ? answers[url] : undefined) ?? { error: 'ECONNREFUSED' };
    },
  };
}
