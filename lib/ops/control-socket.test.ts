import { once } from 'node:events';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { askProgram, type ControlCommand, createControlSocket } from './control-socket.ts';

async function listening(commands: Record<string, ControlCommand>) {
  const path = join(tempDir(), 'program.sock');
  const socket = createControlSocket(path, commands);
  await socket.listen();
  onTestFinished(() => socket.close());
  return path;
}

test('a command is run with its request and its answer comes back', async () => {
  const path = await listening({ add: ({ a, b }) => Number(a) + Number(b) });

  expect(await askProgram(path, { command: 'add', a: 1, b: 2 })).toBe(3);
});

test('what a command throws, and a command that there is not, are refusals in words', async () => {
  const path = await listening({
    fail: () => {
      throw new Error('no destination is named "moon"');
    },
  });

  await expect(askProgram(path, { command: 'fail' })).rejects.toMatchObject({
    code: 'SGW_PROGRAM_REFUSED',
    message: 'no destination is named "moon"',
  });
  await expect(askProgram(path, { command: 'toString' })).rejects.toThrow('unknown command toString');
});

test('nobody behind the socket, or no socket at all, is no error', async () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'stale.sock'), '');

  expect(await askProgram(join(dir, 'missing.sock'), { command: 'x' })).toBeUndefined();
  expect(await askProgram(join(dir, 'stale.sock'), { command: 'x' })).toBeUndefined();
});

test('a socket left behind by a run that was killed is replaced', async () => {
  const path = join(tempDir(), 'program.sock');
  writeFileSync(path, '');
  const socket = createControlSocket(path, { hello: () => 'here' });

  await socket.listen();
  onTestFinished(() => socket.close());

  expect(await askProgram(path, { command: 'hello' })).toBe('here');
});

test.each([
  ['the socket', (path: string) => rmSync(path)],
  ['the whole directory', (path: string) => rmSync(dirname(path), { recursive: true })],
  [
    'the socket, and left a file in its place',
    (path: string) => {
      rmSync(path);
      writeFileSync(path, '');
    },
  ],
])('whoever has cleared away %s is heard again once it is mended', async (_what, clear) => {
  const path = join(tempDir(), 'run', 'program.sock');
  const socket = createControlSocket(path, { hello: () => 'here' });
  await socket.listen();
  onTestFinished(() => socket.close());
  clear(path);
  const meanwhile = await askProgram(path, { command: 'hello' });

  const isMended = await socket.mend();

  expect([meanwhile, isMended]).toEqual([undefined, true]);
  expect(await askProgram(path, { command: 'hello' })).toBe('here');
  expect(statSync(path).mode & 0o777).toBe(0o660);
});

test('a socket that is where it should be is left alone, and one that was closed stays closed', async () => {
  const path = join(tempDir(), 'program.sock');
  const socket = createControlSocket(path, { hello: () => 'here' });
  await socket.listen();
  const { ino } = statSync(path);

  const whileThere = await socket.mend();
  const inodeAfter = statSync(path).ino;
  await socket.close();
  const whenClosed = await socket.mend();

  expect([whileThere, whenClosed, inodeAfter]).toEqual([false, false, ino]);
  expect(existsSync(path)).toBe(false);
});

test('only owner and group may ask', async () => {
  const path = await listening({});

  expect(statSync(path).mode & 0o777).toBe(0o660);
});

test('nonsense is answered, and an endless line is cut off', async () => {
  const path = await listening({ hello: () => 'here' });
  const said = (text: string) =>
    new Promise<string>((resolve) => {
      let answer = '';
      const socket = connect(path, () => socket.write(text));
      socket.on('error', () => {});
      socket.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      socket.once('close', () => resolve(answer));
    });

  expect(await said('not json\n')).toContain('"ok":false');
  expect(await said('{"command":7}\n')).toContain('not a request');
  expect(await said('x'.repeat(100_000))).toBe('');
  expect(await askProgram(path, { command: 'hello' })).toBe('here');
});

test('an order is carried out once, whatever comes behind it on the same connection', async () => {
  let orders = 0;
  const path = await listening({
    order: () => {
      orders += 1;
    },
  });
  const socket = connect({ path, allowHalfOpen: true });
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    answer += part;
  });

  socket.write('{"command":"order"}\n');
  await once(socket, 'data');
  socket.end('{"command":"order"}\n');
  await once(socket, 'close');

  expect({ orders, answer }).toEqual({ orders: 1, answer: '{"ok":true,"answer":null}\n' });
});

test('whatever else listens there is refused in words', async () => {
  const path = join(tempDir(), 'program.sock');
  const stranger = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\n')).listen(path);
  await once(stranger, 'listening');
  onTestFinished(() => void stranger.close());

  await expect(askProgram(path, { command: 'hello' })).rejects.toMatchObject({
    code: 'SGW_PROGRAM_REFUSED',
    message: 'the program hung up without an answer',
  });
});
