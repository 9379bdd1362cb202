/** From lines to the bytes that show them, with what is on the screen already left alone. */

/** Another page, no cursor, no wrapping: a line that is too long is cut, not folded over the next one. */
export const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[H\u001b[2J';
export const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** `before`: what was drawn last, none on an empty screen. */
export function drawFrame(
  before: readonly string[],
  lines: readonly string[],
  { columns, rows }: Size,
): { readonly bytes: string; readonly now: readonly string[] } {
  const now = lines.slice(0, rows).map((line) => cut(line, columns));
  let bytes = before.length === 0 ? '\u001b[H\u001b[2J' : '';
  for (let row = 0; row < Math.max(now.length, before.length); row += 1) {
    const line = now[row] ?? '';
    if (line === (before[row] ?? '')) continue;
    // At the right edge the cursor stays on the last character, which the end of the line would take with it.
    const end = widthOf(line) < columns ? '\u001b[K' : '';
    bytes += `\u001b[${row + 1};1H${line}${end}`;
  }
  // One who draws a blank screen has drawn it: an empty list would mean that nobody knows what is there.
  return { bytes, now: now.length === 0 ? [''] : now };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour begins with.
const PARTS = /\u001b\[[0-9;]*m|./gsu;

/** The first so many columns; colours take none, and are ended where they are cut through. */
export function cut(line: string, columns: number): string {
  let width = 0;
  let text = '';
  let coloured = false;
  for (const [part] of line.matchAll(PARTS)) {
    const isColour = part.startsWith('\u001b[');
    coloured ||= isColour;
    width += isColour ? 0 : 1;
    if (width > columns) return coloured ? `${text}\u001b[0m` : text;
    text += part;
  }
  return text;
}

function widthOf(line: string): number {
  return [...line.matchAll(PARTS)].filter(([part]) => !part.startsWith('\u001b[')).length;
}
