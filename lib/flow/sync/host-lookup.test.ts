import { expect, test } from 'vitest';
import { createHostLookup, type Lookup } from './host-lookup.ts';

/** A resolver that answers when a test says so. */
function setUp() {
  const asked: { readonly host: string; readonly answer: Parameters<Lookup>[2] }[] = [];
  const names = createHostLookup((host, _options, answer) => void asked.push({ host, answer }));
  const answers: unknown[] = [];
  const look = (host: string, family = 0) =>
    names.lookup(host, { family }, (error, address) => answers.push(error?.code ?? address));
  return { names, asked, answers, look };
}

test('a name is looked up once, however many wait for it, and anew when it has been answered', () => {
  const { asked, answers, look } = setUp();

  for (let attempt = 0; attempt < 5; attempt += 1) look('collector');
  const askedWhileItHangs = asked.length;
  asked[0]?.answer(null, '10.0.0.2', 4);
  look('collector');

  expect(askedWhileItHangs).toBe(1);
  expect(answers).toEqual(Array(5).fill('10.0.0.2'));
  expect(asked).toHaveLength(2);
});

test('a failure is the answer of all who wait, and another question is asked for itself', () => {
  const { names, asked, answers, look } = setUp();

  for (const host of ['collector', 'collector', 'other']) look(host);
  look('collector', 6);
  asked[0]?.answer(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }), '');

  expect(asked.map(({ host }) => host)).toEqual(['collector', 'other', 'collector']);
  expect(answers).toEqual(['EAI_AGAIN', 'EAI_AGAIN']);
  expect(names.isUnderWay()).toBe(true);
});

test('an answer may ask again at once', () => {
  const { names, asked } = setUp();
  names.lookup('collector', {}, () => names.lookup('collector', {}, () => {}));

  asked[0]?.answer(null, '10.0.0.2', 4);

  expect(asked).toHaveLength(2);
  asked[1]?.answer(null, '10.0.0.2', 4);
  expect(names.isUnderWay()).toBe(false);
});
