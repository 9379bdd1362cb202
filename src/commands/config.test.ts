import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { configCheck, configSample, configShow } from './config.ts';

describe('sensorctl config', () => {
  it('check says good, with the file that was read', async () => {
    const { dataDir, run } = commandRig();
    const file = join(dataDir, 'good.yaml');
    writeFileSync(file, 'gateway: attic\n');

    expect((await run(configCheck, { file })).out).toEqual([`${file}: good`]);
    expect((await run(configCheck, { file, json: true })).out).toEqual([JSON.stringify({ ok: true, file })]);
  });

  it('check ends with 78 and everything that is wrong', async () => {
    const { dataDir, run } = commandRig();
    const file = join(dataDir, 'bad.yaml');
    writeFileSync(file, 'gatway: attic\nlog: {level: loud}\n');

    await expect(run(configCheck, { file })).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(/Did you mean "gateway".*"loud" is not one of them.*2 problems/s),
    });
  });

  it('check reads the files that destinations name, as the reader will', async () => {
    const { dataDir, run } = commandRig();
    const file = join(dataDir, 'token.yaml');
    writeFileSync(
      file,
      'destinations: [{name: far, url: "https://far.example", token_file: /nonexistent}]\n',
    );

    await expect(run(configCheck, { file })).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('cannot read token_file /nonexistent'),
    });
  });

  it('show prints each setting and where it comes from', async () => {
    const { dataDir, environment, run } = commandRig();
    const config = join(dataDir, 'config.yaml');
    writeFileSync(config, 'sampling:\n  interval: 20s\n');
    environment.SENSORGW_LOG_LEVEL = 'debug';

    const { out } = await run(configShow, { config });

    expect(out).toContainEqual(expect.stringMatching(/^gateway: pi +# default$/));
    expect(out).toContainEqual(expect.stringMatching(/^sampling\.interval: 20s +# .*config\.yaml:2:3$/));
    expect(out).toContainEqual(expect.stringMatching(/^log\.level: debug +# SENSORGW_LOG_LEVEL$/));
  });

  it('show --diff prints only what was changed, with what it would be', async () => {
    const { dataDir, environment, run } = commandRig();
    const config = join(dataDir, 'config.yaml');
    writeFileSync(config, 'sampling:\n  interval: 20s\n  deadline: 3s\nlog: {level: info}\n');
    for (const variable of Object.keys(environment)) delete environment[variable];

    const { out } = await run(configShow, { config, diff: true });
    const json = await run(configShow, { config, diff: true, json: true });

    expect(out.map((line) => line.replace(/ +# /, ' # '))).toEqual([
      `sampling.interval: 20s # instead of 10s: ${config}:2:3`,
      `sampling.deadline: 3s # instead of 3000ms: ${config}:3:3`,
    ]);
    expect(JSON.parse(json.out[0] ?? '')).toEqual({
      file: config,
      settings: [
        { key: 'sampling.interval', value: '20s', default: '10s', from: `${config}:2:3` },
        { key: 'sampling.deadline', value: '3s', default: '3000ms', from: `${config}:3:3` },
      ],
    });
  });

  it('show --json prints every setting with its value, its default and where it comes from', async () => {
    const { run } = commandRig();

    const { out } = await run(configShow, { json: true });

    const { file, settings } = JSON.parse(out[0] ?? '');
    expect(file).toBeNull();
    expect(settings).toContainEqual({ key: 'gateway', value: 'pi', default: 'pi', from: 'default' });
  });

  it('sample prints a file that check accepts', async () => {
    const { dataDir, run } = commandRig();
    const file = join(dataDir, 'sample.yaml');
    writeFileSync(file, (await run(configSample)).out.join('\n'));

    expect((await run(configCheck, { file })).exitCode).toBe(0);
  });

  it('sample --json prints the defaults as values, which check accepts, too', async () => {
    const { dataDir, run } = commandRig();
    const file = join(dataDir, 'sample.yaml');
    const { out } = await run(configSample, { json: true });
    writeFileSync(file, out.join('\n'));

    expect(JSON.parse(out[0] ?? '')).toMatchObject({ sampling: { interval: '10s' }, api: { port: 8470 } });
    expect((await run(configCheck, { file })).exitCode).toBe(0);
  });
});
