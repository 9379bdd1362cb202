/** The colours of severities, where a terminal has colours. */

import { styleText } from 'node:util';
import type { Severity } from '../../lib/ops/tickets/ticket.ts';
import type { Terminal } from './command.ts';

const COLOURS = { info: 'cyan', warning: 'yellow', critical: 'red' } as const;

export function painter({
  colours,
}: Pick<Terminal, 'colours'>): (severity: Severity, text: string) => string {
  return (severity, text) => (colours ? styleText(COLOURS[severity], text) : text);
}
