/**
 * The whole terminal for a live view: another page of it, keys as they are pressed, and only lines that have
 * changed are drawn, in one write, so that nothing flickers. Whatever ends it leaves the terminal as it was: `close`,
 * a signal that can be caught, Ctrl-Z and back. How a frame becomes bytes is in `screen-frame.ts`.
 */

import type { ReadStream, WriteStream } from 'node:tty';
import type { Clock } from '../../lib/base/clock.ts';
import { drawFrame, ENTER, LEAVE } from './screen-frame.ts';

/** What happened first: somebody wants to leave, the size is another one, or the time is over. */
export type ScreenEvent = 'leave' | 'resized' | 'due';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Shows these lines from the top; what does not fit is cut off. */
  draw(lines: readonly string[]): void;
  next(ms: number): Promise<ScreenEvent>;
  /** Safe to call twice. */
  close(this: void): void;
}

/** The size where a terminal does not tell one, as over some serial lines. */
const UNKNOWN_SIZE = { columns: 80, rows: 24 };

/** q, Escape, Ctrl-C, Ctrl-D and a Q that was meant. */
const LEAVING = new Set(['q', 'Q', '\u001b', '\u0003', '\u0004']);
const SUSPEND = '\u001a';
/** Arrows and the like, and a letter with Alt: they begin with an Escape, too, and mean nothing here. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are what it is about.
const OTHER_KEYS = /\u001b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\u001bqQ])/g;

export interface ScreenDeps {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly clock: Clock;
  /** Stops this process until somebody says `fg`. */
  readonly suspend: () => void;
  readonly onClose: () => void;
}

export function openScreen({ input, output, clock, suspend, onClose }: ScreenDeps): Screen {
  let shown: readonly string[] = [];
  let open = false;
  let waiting: ((event: ScreenEvent) => void) | undefined;
  /** What happened while nobody waited. */
  let missed: ScreenEvent | undefined;

  const tell = (event: ScreenEvent) => {
    if (waiting === undefined) missed = missed === 'leave' ? missed : event;
    else waiting(event);
  };
  const enter = () => {
    open = true;
    shown = [];
    input.setRawMode(true);
    input.resume();
    output.write(ENTER);
  };
  const leave = () => {
    if (!open) return;
    open = false;
    output.write(LEAVE);
    input.setRawMode(false);
    input.pause();
  };
  const onKeys = (bytes: Buffer) => {
    // On a busy machine several come at once.
    const pressed = [...bytes.toString('utf8').replace(OTHER_KEYS, '')];
    if (pressed.includes(SUSPEND)) {
      leave();
      suspend();
      enter();
      tell('resized');
    }
    if (pressed.some((key) => LEAVING.has(key))) tell('leave');
  };
  const onResize = () => {
    shown = [];
    tell('resized');
  };
  const onEnd = () => tell('leave');
  input.on('data', onKeys);
  input.on('end', onEnd);
  input.on('error', onEnd);
  output.on('resize', onResize);
  enter();

  return {
    get columns() {
      return output.columns || UNKNOWN_SIZE.columns;
    },
    get rows() {
      return output.rows || UNKNOWN_SIZE.rows;
    },
    draw(lines) {
      const { bytes, now } = drawFrame(shown, lines, { columns: this.columns, rows: this.rows });
      shown = now;
      if (bytes !== '') output.write(bytes);
    },
    async next(ms) {
      if (missed !== undefined) {
        const event = missed;
        missed = undefined;
        return event;
      }
      const over = new AbortController();
      const happened = new Promise<ScreenEvent>((resolve) => {
        waiting = resolve;
      });
      const due = clock.sleep('screen', ms, over.signal).then((): ScreenEvent => 'due');
      try {
        return await Promise.race([happened, due]);
      } finally {
        waiting = undefined;
        over.abort();
        await due.catch(() => {});
      }
    },
    close() {
      leave();
      input.off('data', onKeys);
      input.off('end', onEnd);
      input.off('error', onEnd);
      output.off('resize', onResize);
      onClose();
    },
  };
}
