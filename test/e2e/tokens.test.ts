/** A gateway whose write API asks for tokens, with the built programs: added, revoked and replaced while it works. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Line, startProgram } from '../support/child-program.ts';
import { createGateway, isAppended, isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';

const isRefused = (line: Line) => isEvent('batch.delivered')(line) && line.outcome === 'misconfigured';

test('a gateway without a good token keeps its readings, and delivers them all once it has one', async () => {
  const gateway = await createGateway();
  const tokenFile = join(gateway.dir, 'token');
  const api = { SENSORGW_API_BEHIND_PROXY: 'true' };
  const reader = {
    ...api,
    SENSORGW_DESTINATIONS: `[{name: local, url: "http://127.0.0.1:${gateway.port}", token_file: ${tokenFile}}]`,
  };
  const sensorctl = async (args: string) => {
    const program = startProgram('sensorctl', {
      args: [...args.split(' '), '--json'],
      env: { ...gateway.env, ...api },
    });
    const { code } = await program.exited;
    if (code !== 0) throw new Error(program.lastWords());
    return program.lines.at(-1);
  };
  const saveToken = (line: Line | undefined) => writeFileSync(tokenFile, `${String(line?.token)}\n`);
  await gateway.startApi(api);
  saveToken(await sensorctl('token add test-gateway'));

  const first = await gateway.startReader(reader);
  await first.count(isStored, 2);
  const revoked = await sensorctl('token revoke test-gateway');
  await first.line(isRefused);
  await first.count(isAppended, 6);
  const storedMeanwhile = (await gateway.stored()).length;
  saveToken(await sensorctl('token add test-gateway'));
  const { accepted, deadLetters } = await gateway.finish(first, reader);

  expect(revoked).toMatchObject({ revoked: 'test-gateway' });
  expect(deadLetters).toEqual([]);
  expect(storedMeanwhile).toBeLessThan(accepted);
  expect(seqsOf(await gateway.stored())).toEqual(upTo(accepted));
  expect(readFileSync(join(gateway.dir, 'tokens.json'), 'utf8')).not.toContain(
    readFileSync(tokenFile, 'utf8').trim(),
  );
});

test('the reader of the same machine needs no token: it comes in through the socket by itself', async () => {
  const gateway = await createGateway();
  const { SENSORGW_DESTINATIONS: _left, ...env } = gateway.env;
  const settings = { ...env, SENSORGW_API_BEHIND_PROXY: 'true' };
  const started = (name: string) => startProgram(name, { env: settings });

  const api = started('sensor-api-write');
  await api.line((line) => String(line.msg).startsWith('write API listens'));
  const reader = started('sensor-main');
  await reader.count(isStored, 2);
  const status = startProgram('sensorctl', { args: ['status', '--json'], env: settings });
  await status.exited;

  expect(status.lines.map((line) => line.text).join('')).toContain(
    `unix:${join(gateway.runDir, 'sensor-api.sock')}`,
  );
  expect((await gateway.stored()).length).toBeGreaterThan(0);
});

test('an address that others can reach, and no protection of the way there, is refused with its place', async () => {
  const gateway = await createGateway();
  const file = join(gateway.dir, 'config.yaml');
  writeFileSync(file, 'gateway: attic\napi:\n  host: 0.0.0.0\n');

  const api = startProgram('sensor-api-write', {
    args: ['--config', file],
    env: { ...gateway.env, SENSORGW_API_PORT: undefined },
  });
  const { code } = await api.exited;

  const said = api.lines.map((line) => line.text).join('\n');
  expect(code).toBe(78);
  expect(said).toContain(`${file}:3:9  api.host`);
  expect(said).toContain('Set api.tls_cert_file and api.tls_key_file, or api.behind_proxy: true');
});
