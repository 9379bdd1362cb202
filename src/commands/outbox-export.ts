/**
 * `sensorctl outbox export`: every reading of the outbox with its identity, one JSON object a line, in
 * bounded memory, while the reader runs or after it has stopped. A file has its name once it is whole.
 */

import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { printableJson } from '../../lib/base/printable.ts';
import type { OutboxRow } from '../../lib/flow/outbox/outbox-rows.ts';
import { type Command, type CommandContext, textOption, usageError } from './command.ts';
import { findPlaces } from './places.ts';
import { createProgress } from './progress.ts';
import { count } from './words.ts';

export const outboxExport: Command = {
  name: 'outbox export',
  about: 'print every reading of the outbox, one JSON object a line',
  options: { output: { value: 'FILE', about: 'into this new file (else standard output)' } },
  examples: [['sensorctl outbox export --output outbox.ndjson', 'a copy to look at elsewhere']],
  async run(context) {
    const places = findPlaces(context);
    const { openOutboxReadOnly } = await import('../../lib/flow/outbox/outbox-view.ts');
    const view = openOutboxReadOnly(places.outboxFile);
    try {
      const progress = createProgress(context);
      const total = view.stats().rows;
      const sink = sinkOf(context);
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
      }
      if (sink.file === undefined) return EXIT.ok;
      await context.terminal.out(
        context.json
          ? JSON.stringify({ file: sink.file, rows })
          : `${count(rows, 'reading')} in ${sink.file}`,
      );
    } finally {
      view.close();
    }
    return EXIT.ok;
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
  abandon(): void;
}

/** Written together: a write of its own for each row would be most of the work. */
const WRITE_CHARACTERS = 65_536;

function sinkOf(context: CommandContext): Sink {
  const output = textOption(context, 'output');
  if (output === undefined) return { file: undefined, line: context.terminal.out, finish() {}, abandon() {} };
  const file = resolve(output);
  if (existsSync(file)) throw usageError(`${file} exists already`, 'outbox export');
  const part = `${file}.part`;
  const handle = openPart(part);
  let text = '';
  return {
    file,
    async line(more) {
      text += `${more}\n`;
      if (text.length < WRITE_CHARACTERS) return;
      appendFileSync(handle, text);
      text = '';
    },
    finish() {
      appendFileSync(handle, text);
      fsyncSync(handle);
      closeSync(handle);
      renameSync(part, file);
    },
    abandon() {
      closeSync(handle);
      rmSync(part, { force: true });
    },
  };
}

function openPart(part: string): number {
  try {
    return openSync(part, 'w', 0o640);
  } catch (error) {
    throw new GatewayError('SGW_DATA_DIR_UNUSABLE', `cannot write ${part}: ${messageOf(error)}`, {
      hint: 'Name a file in a directory that you may write to: --output FILE.',
      cause: error,
    });
  }
}
