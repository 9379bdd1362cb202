/**
 * A real TCP proxy on loopback between a client and a target that can be as nasty as a network is:
 * what it does to a connection is decided by the mode at the moment the connection sends its next bytes.
 */

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export type FaultMode =
  /** Hand everything through. */
  | 'pass'
  /** Nobody listens. */
  | 'refuse'
  /** Accept, read, and never answer. */
  | 'stall'
  /** Let half of the answer through, then reset. */
  | 'resetMidBody'
  /** Let half of the answer through, then close as if that were all. */
  | 'cut'
  /** Hand the answer over one byte at a time. */
  | 'drip'
  /** Hand the request over, read the answer, and close without a word of it. */
  | 'swallowReply'
  /** Hand the answer over late. */
  | 'delay'
  /** Answer with bytes that are not HTTP. */
  | 'garbage';

export interface FaultProxyOptions {
  readonly targetPort: number;
  /** Between two bytes of `drip`. */
  readonly dripMs?: number;
  /** Before the answer of `delay`. */
  readonly delayMs?: number;
}

export interface FaultProxy {
  /** The same for the proxy's whole life, also after `refuse`. */
  readonly port: number;
  /** Changes what happens from now on. Connections that are open are dropped unless the mode is `pass`. */
  mode(next: FaultMode): Promise<void>;
  /** Leads to another port from now on. Connections that are open are dropped. */
  target(port: number): void;
  /** Connections of clients that are open now. */
  connections(): number;
  /** Connections ever accepted. */
  accepted(): number;
  close(): Promise<void>;
}

export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const dripMs = options.dripMs ?? 20;
  const delayMs = options.delayMs ?? 100;
  const open = new Set<Socket>();
  let accepted = 0;
  let current: FaultMode = 'pass';
  let targetPort = options.targetPort;
  let server: Server | undefined;

  function onClient(client: Socket): void {
    accepted += 1;
    open.add(client);
    client.on('error', () => {});
    client.on('close', () => open.delete(client));
    if (current === 'stall') {
      client.resume();
      return;
    }
    if (current === 'garbage') {
      client.once('data', () => client.end('\x00\x01 this is not HTTP \xff\r\n\r\n'));
      return;
    }
    const target = connect(targetPort, '127.0.0.1');
    target.on('error', () => client.destroy());
    client.on('close', () => target.destroy());
    client.pipe(target);
    answer(client, target);
  }

  function answer(client: Socket, target: Socket): void {
    switch (current) {
      case 'resetMidBody':
        target.once('data', (bytes: Buffer) => {
          client.write(half(bytes), () => client.resetAndDestroy());
        });
        return;
      case 'cut':
        target.once('data', (bytes: Buffer) => client.end(half(bytes)));
        return;
      case 'swallowReply':
        target.once('data', () => client.destroy());
        return;
      case 'drip':
        target.on('data', (bytes: Buffer) => drip(client, target, bytes));
        return;
      case 'delay':
        target.on('data', (bytes: Buffer) => {
          target.pause();
          setTimeout(() => {
            client.write(bytes);
            target.resume();
          }, delayMs);
        });
        target.on('end', () => client.end());
        return;
      default:
        target.pipe(client);
    }
  }

  function drip(client: Socket, target: Socket, bytes: Buffer): void {
    target.pause();
    let at = 0;
    const timer = setInterval(() => {
      if (client.destroyed || at >= bytes.length) {
        clearInterval(timer);
        target.resume();
        return;
      }
      client.write(bytes.subarray(at, at + 1));
      at += 1;
    }, dripMs);
  }

  async function listen(port: number): Promise<number> {
    const created = createServer(onClient);
    await new Promise<void>((resolve, reject) => {
      created.once('error', reject);
      created.listen(port, '127.0.0.1', resolve);
    });
    server = created;
    return (created.address() as AddressInfo).port;
  }

  function dropAll(): void {
    for (const socket of open) socket.destroy();
  }

  async function stopListening(): Promise<void> {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = new Promise((resolve) => closing.close(resolve));
    dropAll();
    await closed;
  }

  const port = await listen(0);

  return {
    port,
    async mode(next) {
      current = next;
      if (next === 'refuse') await stopListening();
      else {
        if (next !== 'pass') dropAll();
        if (server === undefined) await listen(port);
      }
    },
    target(port) {
      targetPort = port;
      dropAll();
    },
    connections: () => open.size,
    accepted: () => accepted,
    close: stopListening,
  };
}

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}
