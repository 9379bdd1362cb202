import { expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const load = (environment: Record<string, string>) =>
  loadConfig({ environment, hostName: 'attic', usualFile: '/nonexistent' }).config;

it('listens on this machine alone when nothing is said', () => {
  expect(load({}).monitor).toEqual({ host: '127.0.0.1', port: 8_471 });
});

it.each([
  [
    'an address that others reach',
    { SENSORGW_MONITOR_HOST: '0.0.0.0' },
    '"0.0.0.0" could be reached by other machines',
  ],
  ['the port of the write API', { SENSORGW_MONITOR_PORT: '8470' }, '8470 is the port of the write API, too'],
  ['a port that is none', { SENSORGW_MONITOR_PORT: '70000' }, 'SENSORGW_MONITOR_PORT'],
])('refuses %s, and says why', (_what, environment, message) => {
  expect(() => load(environment)).toThrow(
    expect.objectContaining({
      code: 'SGW_CONFIG_INVALID',
      exitCode: 78,
      message: expect.stringContaining(message),
    }),
  );
});
