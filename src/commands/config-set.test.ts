import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { configSet } from './config-set.ts';

const BEFORE = '# mine\nsampling:\n  interval: 10s   # often enough\n';

/** A gateway whose configuration is this text. */
function configured(text: string | null = BEFORE) {
  const rig = commandRig();
  for (const variable of Object.keys(rig.environment)) delete rig.environment[variable];
  const file = join(rig.dataDir, 'config.yaml');
  if (text !== null) writeFileSync(file, text);
  const set = (KEY: string, VALUE: string, more = {}) =>
    rig.run(configSet, { config: file, KEY, VALUE, ...more });
  return { ...rig, file, set, text: () => readFileSync(file, 'utf8') };
}

describe('sensorctl config set', () => {
  it('changes one value, keeps comments, and keeps aside what stood there', async () => {
    const { set, text, file, dataDir } = configured();
    chmodSync(file, 0o600);

    const { exitCode, out } = await set('sampling.interval', '30s');

    expect(exitCode).toBe(0);
    expect(out).toEqual([`${file}: sampling.interval is 30s instead of 10s`]);
    expect(text()).toBe(BEFORE.replace('10s', '30s'));
    expect(readFileSync(`${file}.before`, 'utf8')).toBe(BEFORE);
    expect([file, `${file}.before`].map((one) => statSync(one).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(readdirSync(dataDir).sort()).toEqual(['config.yaml', 'config.yaml.before']);
  });

  it('writes a file where there was none, a list, and an entry of a list', async () => {
    const { set, text } = configured(null);

    await set('breaker.pauses', '1s,2s');
    await set('destinations', '[{name: far, url: "http://10.0.0.2:8470"}]');
    await set('destinations.0.url', 'http://10.0.0.3:8470');

    expect(text()).toBe(
      'breaker:\n  pauses: [1s, 2s]\ndestinations: [{name: far, url: http://10.0.0.3:8470}]\n',
    );
  });

  it.each([
    [
      'sampling.intervall',
      '5s',
      64,
      'there is no setting "sampling.intervall". Did you mean "sampling.interval"?',
    ],
    ['sampling', '5s', 64, 'It is a group; there is sampling.interval, sampling.deadline.'],
    ['sampling.interval', '5 s fast', 78, '"5 s fast" is not'],
    ['sampling.deadline', '20s', 78, 'is not less than sampling.interval (10s)'],
    ['destinations.0.nonsense', 'x', 64, 'there is no setting'],
  ])('%s %j changes nothing, and says why', async (key, value, exitCode, told) => {
    const { set, text, file, dataDir } = configured();

    const failure = await set(key, value).catch((error: unknown) => error);

    expect(failure).toMatchObject({ exitCode, message: expect.stringContaining(told) });
    if (exitCode === 78) {
      expect(failure).toMatchObject({
        message: expect.stringMatching(/config\.yaml:\d.*Nothing was changed/s),
      });
    }
    expect(text()).toBe(BEFORE);
    expect(readdirSync(dataDir)).toEqual([file.split('/').at(-1)]);
  });

  it.each([
    ['sampling: {interval: 10s\n', /config\.yaml:\d+:\d+ {2}broken YAML/],
    ['sampling: 5\n', /config\.yaml {2}.*\nNothing was changed/],
  ])('does not touch a file that has to be mended by hand: %j', async (broken, told) => {
    const { set, text } = configured(broken);

    await expect(set('sampling.interval', '5s')).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(told),
    });
    expect(text()).toBe(broken);
  });

  it('refuses what the environment overrides, which would change nothing', async () => {
    const { set, text, environment } = configured();
    environment.SENSORGW_SAMPLING_INTERVAL = '20s';

    await expect(set('sampling.interval', '30s')).rejects.toMatchObject({
      message: 'SENSORGW_SAMPLING_INTERVAL is set, and overrides what the file says',
    });
    expect(text()).toBe(BEFORE);
    await set('sampling.deadline', '2s');
    expect(text()).toContain('deadline: 2s');
  });

  it('with --dry-run only says what it would do', async () => {
    const { set, text, file } = configured();

    const { out } = await set('gateway', 'attic', { 'dry-run': true });

    expect(out).toEqual([`${file}: gateway would be attic where the default held`]);
    expect(text()).toBe(BEFORE);
    expect(existsSync(`${file}.before`)).toBe(false);
  });

  it('goes through a link, and says what is wrong with a directory that is not there', async () => {
    const { set, text, file, dataDir, run } = configured();
    mkdirSync(join(dataDir, 'etc'));
    const link = join(dataDir, 'etc', 'link.yaml');
    symlinkSync(file, link);

    await run(configSet, { config: link, KEY: 'gateway', VALUE: 'attic' });

    expect(text()).toContain('gateway: attic');
    expect(readdirSync(join(dataDir, 'etc'))).toEqual(['link.yaml']);
    await expect(
      run(configSet, { config: '/nonexistent/config.yaml', KEY: 'gateway', VALUE: 'attic' }),
    ).rejects.toMatchObject({ exitCode: 73 });
    await set('gateway', 'cellar');
  });
});
