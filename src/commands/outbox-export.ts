/**
 * `sensorctl outbox export`: every reading of the outbox with its identity, one JSON object a line, in
 * bounded memory, while the reader runs or after it has stopped. A file has its name once it is whole.
 */

import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT } from '../../lib/base/errors.ts';
import { printableJson } from '../../lib/base/printable.ts';
import type { OutboxRow } from '../../lib/flow/outbox/outbox-rows.ts';
import { type Command, type CommandContext, textOption } from './command.ts';
import { lookAtOutbox } from './outbox-file.ts';
import { findPlaces } from './places.ts';
import { createProgress } from './progress.ts';
import { existsAlready, unwritable } from './unwritable.ts';
import { count } from './words.ts';

const ELSEWHERE = '--output FILE';

export const outboxExport: Command = {
  name: 'outbox export',
  about: 'print every reading of the outbox, one JSON object a line',
  options: { output: { value: 'FILE', about: 'into this new file (else standard output)' } },
  examples: [['sensorctl outbox export --output outbox.ndjson', 'a copy to look at elsewhere']],
  async run(context) {
    const places = findPlaces(context);
    return lookAtOutbox(places, async (view) => {
      const progress = createProgress(context);
      const total = view.stats().rows;
      const sink = sinkOf(context);
      const forget = context.onInterrupt?.(sink.abandon);
      let rows = 0;
      try {
        for (const row of view.rows()) {
          await sink.line(rowAsJson(row));
          rows += 1;
          progress(rows, total, 'rows');
        }
        sink.finish();
      } catch (error) {
        sink.abandon();
        throw error;
      } finally {
        forget?.();
      }
      if (sink.file === undefined) return EXIT.ok;
      await context.terminal.out(
        context.json
          ? JSON.stringify({ file: sink.file, rows })
          : `${count(rows, 'reading')} in ${sink.file}`,
      );
      return EXIT.ok;
    });
  },
};

/** Names and units have been checked on their way in; a file may have been damaged since. */
export function rowAsJson({ at, ...row }: OutboxRow): string {
  return printableJson(JSON.stringify({ ...row, at: new Date(at).toISOString() }));
}

interface Sink {
  /** `undefined`: standard output. */
  readonly file: string | undefined;
  line(text: string): Promise<void>;
  finish(): void;
  abandon(this: void): void;
}

/** Written together: a write of its own for each row would be most of the work. */
const WRITE_CHARACTERS = 65_536;

function sinkOf(context: CommandContext): Sink {
  const output = textOption(context, 'output');
  if (output === undefined) return { file: undefined, line: context.terminal.out, finish() {}, abandon() {} };
  const file = resolve(output);
  if (existsSync(file)) throw existsAlready(file, ELSEWHERE);
  const part = `${file}.part`;
  const writing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw unwritable(part, error, ELSEWHERE);
    }
  };
  const handle = writing(() => {
    // What an earlier run has left, or a link that somebody has put there for root to write through.
    rmSync(part, { force: true });
    return openSync(part, 'wx', 0o640);
  });
  let text = '';
  return {
    file,
    async line(more) {
      text += `${more}\n`;
      if (text.length < WRITE_CHARACTERS) return;
      writing(() => appendFileSync(handle, text));
      text = '';
    },
    finish() {
      writing(() => {
        appendFileSync(handle, text);
        fsyncSync(handle);
        renameSync(part, file);
      });
      closeSync(handle);
    },
    abandon() {
      closeSync(handle);
      rmSync(part, { force: true });
    },
  };
}
