/** An export, read line by line in bounded memory: rows with the line they stand in. */

import { createReadStream } from 'node:fs';
import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import type { OutboxRow } from '../../lib/flow/outbox/outbox-rows.ts';
import { LineFault, parseRowLine } from '../../lib/flow/outbox/row-line.ts';

export interface NumberedRow {
  readonly line: number;
  readonly row: OutboxRow;
}

/** An export has some 200 characters a line, a thinned row twice that; this is no export. */
const LINE_LENGTH_MAX = 16_384;

/** Empty lines are skipped. Throws `SGW_READING_INVALID` with the line and column of what is wrong. */
export async function* readRows(file: string): AsyncGenerator<NumberedRow> {
  let line = 0;
  for await (const text of linesOf(file)) {
    line += 1;
    if (text.trim() === '') continue;
    try {
      yield { line, row: parseRowLine(text) };
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      throw invalid(`${file}:${line}:${error.column}: ${error.message}`, error);
    }
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  let line = 1;
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const one of lines) {
        yield one;
        line += 1;
      }
      if (rest.length > LINE_LENGTH_MAX)
        throw invalid(`${file}:${line}: a line of this length is no reading`);
    }
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError('SGW_USAGE', `cannot read ${printable(file, 200)}: ${messageOf(error)}`, {
      hint: 'Name a file that `sensorctl outbox export` has written.',
      cause: error,
    });
  }
  if (rest !== '') yield rest;
}

function invalid(message: string, cause?: unknown): GatewayError {
  return new GatewayError('SGW_READING_INVALID', message, {
    hint: 'Nothing of this file has been sent. Mend or delete that line, and say it again.',
    cause,
  });
}
