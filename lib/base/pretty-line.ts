/**
 * A log entry for eyes: time, level, program, message. Its fields follow as `key=value` where something is
 * wrong or somebody debugs; of good news the message says enough.
 */

import { styleText } from 'node:util';
import { printable } from './printable.ts';

type Style = Parameters<typeof styleText>[0];

const LEVEL_STYLE: Readonly<Record<string, Style>> = {
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: ['bold', 'red'],
};

/** From the JSON form of an entry. Each line after the first is indented: only ours start with a time. */
export function prettyLine(json: string, options: { readonly colours: boolean }): string {
  const paint = (style: Style, text: string) => (options.colours ? styleText(style, text) : text);
  const entry: unknown = JSON.parse(json);
  const { level, time, msg, program, ...fields } = isGroup(entry) ? entry : {};
  const clock = String(time).slice(11, 23);
  const name = String(level);
  const stacks: string[] = [];
  const pairs = (name === 'info' ? [] : Object.entries(fields)).map(([key, value]) => {
    if (isGroup(value) && typeof value.stack === 'string') stacks.push(value.stack);
    return ` ${paint('dim', `${printable(key)}=`)}${shortValue(value)}`;
  });
  const who = paint('dim', printable(String(program ?? '')));
  const head = `${paint('dim', clock)} ${paint(LEVEL_STYLE[name] ?? 'reset', name.toUpperCase().padEnd(5))} ${who}`;
  const frames = stacks.flatMap((stack) => stack.split('\n').slice(1));
  return [
    `${head} ${printable(String(msg ?? ''))}${pairs.join('')}`,
    ...frames.map((one) => `    ${printable(one.trim())}`),
  ].join('\n');
}

function shortValue(value: unknown): string {
  if (isGroup(value) && typeof value.message === 'string') return JSON.stringify(printable(value.message));
  if (typeof value !== 'string') return printable(JSON.stringify(value) ?? '');
  const text = printable(value);
  return /^[^\s="]+$/.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
