import { expect, it } from 'vitest';
import { loopsNeed, needsPage } from './text-page.ts';

const STORE = { name: 'store', missing: undefined };

it('all is well: ok, and with verbose what was looked at', () => {
  expect(needsPage('readyz', [STORE, loopsNeed([])], false)).toMatchObject({ status: 200, text: 'ok\n' });
  expect(needsPage('readyz', [STORE, loopsNeed([])], true)).toMatchObject({
    status: 200,
    text: '[+]store ok\n[+]loops ok\nreadyz check passed\n',
  });
});

it.each([false, true])('what is missing is said in words, verbose or not (%s)', (verbose) => {
  expect(needsPage('livez', [STORE, loopsNeed(['sampling', 'upkeep'])], verbose)).toMatchObject({
    status: 503,
    text: '[+]store ok\n[-]loops failed: stuck: sampling, upkeep\nlivez check failed\n',
  });
});
