/**
 * Text from outside (a sensor's name, a server's answer, a file) made safe to print. A control character
 * can forge a log line, move the cursor or retitle the terminal; a bidirectional override can make a
 * line read differently from what it says. Both become visible escapes.
 */

/** C0 (with tab and newline), DEL, C1 (0x9b starts an escape sequence, too), line separators, bidi overrides. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this file is about.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line, whatever `text` was. `lengthMax` cuts it, with an ellipsis: somebody else chose the length. */
export function printable(text: string, lengthMax = Number.POSITIVE_INFINITY): string {
  const cut = text.length > lengthMax ? `${text.slice(0, Math.max(0, lengthMax - 1))}…` : text;
  return cut.replace(UNPRINTABLE, (character) => SHORT[character] ?? escaped(character));
}

/** The same for JSON text: JSON lets C1, DEL and bidi characters through unescaped; a `\u` escape means the same. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
