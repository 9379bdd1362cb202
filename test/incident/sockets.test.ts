import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectionsHeldAt, connectionsTo, residentBytes, tcpTable } from './sockets.ts';

async function connected(): Promise<{ port: number; client: Socket; accepted: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  const arrived = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1' });
  const accepted = await arrived;
  onTestFinished(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return { port, client, accepted };
}

test('an open connection is counted for its client and for the port that holds it', async () => {
  const { port } = await connected();

  expect(connectionsTo(port, process.pid, tcpTable())).toBe(1);
  expect(connectionsHeldAt(port, tcpTable())).toBe(1);
});

test('one that its client has given up is still held, but no longer in flight', async () => {
  const { port, client, accepted } = await connected();
  const gone = new Promise((resolve) => accepted.resume().once('end', resolve));
  client.destroy();
  await gone;

  expect(connectionsTo(port, process.pid, tcpTable())).toBe(0);
  expect(connectionsHeldAt(port, tcpTable())).toBe(1);
});

test('the connections of another process are not counted', async () => {
  const { port } = await connected();

  expect(connectionsTo(port, process.ppid, tcpTable())).toBe(0);
});

test('resident memory is that of a real process', () => {
  expect(residentBytes(process.pid)).toBeGreaterThan(10 * 1_048_576);
});
