/**
 * A token on its way through the built reader, to a server that repeats it in its answers: it must show nowhere, not in
 * the log, not in a file that others may read or that is sent to somebody who helps, not on the screen.
 */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startProgram } from '../support/child-program.ts';
import { createGateway, isEvent } from '../support/gateway.ts';
import { OURS } from '../support/stand-in-api.ts';

const CANARY = 'sgw_canary0that1must2sing3nowhere4';

test('a token that a server repeats is in no log, no file but its own, and no answer to a person', async () => {
  const gateway = await createGateway();
  const tokenFile = join(gateway.dir, 'token');
  writeFileSync(tokenFile, `${CANARY}\n`, { mode: 0o600 });
  const { port, heard } = await repeatingServer();
  const env = {
    ...gateway.env,
    SENSORGW_DESTINATIONS: `[{name: local, url: "http://127.0.0.1:${port}", token_file: ${tokenFile}}]`,
  };

  const reader = startProgram('sensor-main', { env });
  await reader.line(isEvent('batch.delivered'));
  const bundle = join(gateway.dir, 'bundle.tar');
  const asked = [];
  for (const args of [
    ['why'],
    ['status', '--json'],
    ['config', 'show'],
    ['doctor', '--step', 'config', '--bundle', bundle],
  ]) {
    const command = startProgram('sensorctl', { args, env });
    await command.exited;
    asked.push(...command.lines);
  }
  reader.kill('SIGTERM');
  await reader.exited;

  // Twin: it was sent, and came back.
  expect(heard.join()).toContain(CANARY);
  expect(textOf(asked)).toContain('401');
  expect(textOf(reader.lines) + textOf(asked)).not.toContain(CANARY);
  const withCanary = filesIn(gateway.dir).filter((file) => readFileSync(file).includes(CANARY));
  expect(withCanary).toEqual([tokenFile]);
});

const textOf = (lines: readonly { readonly text: string }[]) => lines.map(({ text }) => text).join('\n');

/** A write API of ours that has gone mad: it refuses, and says with what it was asked. */
async function repeatingServer() {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    const said = String(request.headers.authorization);
    heard.push(said);
    const problem = { status: 401, code: 'token_unknown', title: said, detail: `no such token: ${said}` };
    response.writeHead(401, { ...OURS, 'content-type': 'application/problem+json', 'x-said': said });
    response.end(JSON.stringify(problem));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heard };
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());
}
