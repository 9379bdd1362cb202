/**
 * How a check looks at the machine. Nothing here changes anything, and nothing here needs root: what this
 * user may not see is thrown as `NotPermitted`, which is a finding of its own and no failure.
 */

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'link' | 'device' | 'other';
  /** The permission bits: 0o640. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly bytes: number;
  readonly changedAt: number;
}

export interface Room {
  readonly bytes: number;
  /** For users other than root. */
  readonly bytesFree: number;
  /** 0 where the file system has no fixed number of them. */
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a URL answered, or why nothing came. */
export type Answered =
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string | undefined>>;
      readonly body: string;
      /** Wall time at which the certificate ends that was shown; `undefined` without TLS. */
      readonly certificateUntilAt?: number | undefined;
    }
  | { readonly error: string };

export interface Probe {
  /** The text of a file, its first 256 KiB; `undefined` if there is none. */
  readFile(path: string): Promise<string | undefined>;
  /** Names in a directory; `undefined` if there is none. */
  list(dir: string): Promise<readonly string[] | undefined>;
  /** Of the thing itself, or of what a link leads to with `follow`. `undefined` if there is none. */
  stat(path: string, options?: { readonly follow: boolean }): Promise<FileStat | undefined>;
  /** `undefined` if the path does not exist. */
  room(path: string): Promise<Room | undefined>;
  /** `undefined` if there is no such program. */
  run(command: string, args: readonly string[]): Promise<Ran | undefined>;
  fetch(url: string, options?: { readonly caFile?: string | undefined }): Promise<Answered>;
}

/** This user may not look at `what`. */
export class NotPermitted extends Error {
  constructor(what: string) {
    super(`this user may not look at ${what}`);
    this.name = 'NotPermitted';
  }
}

/** What was asked did not answer in time: a disk, a mount or a program that hangs. */
export class NoAnswer extends Error {
  constructor(what: string, ms: number) {
    super(`${what} did not answer within ${ms / 1_000} s`);
    this.name = 'NoAnswer';
  }
}
