import { expect, onTestFinished, test, vi } from 'vitest';
import { main } from './main.ts';

/** What it says, and how it would end. */
async function run(...args: string[]): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const listen = (text: unknown) => void said.push(String(text));
  const spies = (['log', 'error'] as const).map((name) => vi.spyOn(console, name).mockImplementation(listen));
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  const code = await main({ root: 'nowhere', oldReader: 'nowhere', args });
  return { code, said: said.join('\n') };
}

test.each([
  ['--outage', 'long', /--outage must be from 10 to 3600 seconds, not "long"/],
  ['--outage', '1', /--outage must be/],
  ['--scale', '20', /--scale must be from 1 to 10, not "20"/],
  ['--speed', '3', /--speed/],
])('%s %s is refused in words, before anything is started', async (option, value, words) => {
  const { code, said } = await run(option, value);

  expect(code).toBe(64);
  expect(said).toMatch(words);
});

test('--help tells how to run it at the pace of the incident', async () => {
  const { code, said } = await run('--help');

  expect(code).toBe(0);
  expect(said).toContain('npm run incident -- --scale 1');
});
