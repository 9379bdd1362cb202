import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Message } from './message.ts';
import { filledIn, parseTemplate, USUAL_TEMPLATE } from './template.ts';

const MESSAGE: Message = {
  id: 'abc',
  at: Date.UTC(2026, 0, 15),
  gateway: 'greenhouse',
  subject: 'say "hello"',
  text: 'one\ntwo',
  severity: 'warning',
  over: false,
  tickets: [],
  more: 3,
};

it('texts are filled in, and a text that is one placeholder becomes the value itself', () => {
  const template = parseTemplate(
    '{"text": "{{severity}}: {{subject}}", "n": "{{count}}", "all": "{{ tickets }}"}',
  );

  expect(filledIn(template, MESSAGE)).toEqual({ text: 'warning: say "hello"', n: 3, all: [] });
});

it('nothing that a message says can break out of its place', () => {
  const template = parseTemplate('{"a": ["{{subject}} and {{text}}"], "b": true}');

  fc.assert(
    fc.property(fc.string(), fc.string(), (subject, text) => {
      const sent: unknown = JSON.parse(JSON.stringify(filledIn(template, { ...MESSAGE, subject, text })));
      expect(sent).toEqual({ a: [`${subject} and ${text}`], b: true });
    }),
  );
});

it.each([
  ['{"a": }', 'is not JSON: '],
  ['"text"', 'is no JSON object or list.'],
  ['{"a": "{{subjekt}}"}', '"{{subjekt}}", which nobody fills in. Did you mean'],
  ['{"a": "{{constructor}}"}', '"{{constructor}}", which nobody fills in.'],
  [`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`, 'is deeper than 16 levels.'],
])('%s is refused', (text, why) => {
  expect(() => parseTemplate(text)).toThrow(why);
});

it('without one, everything is sent', () => {
  expect(filledIn(USUAL_TEMPLATE, MESSAGE)).toMatchObject({
    id: 'abc',
    state: 'open',
    count: 3,
    tickets: [],
  });
});
