/**
 * A client that speaks bytes: it sends what no HTTP library would, over TCP or a socket in the file system, keeps its
 * connection for as long as the server does, and reads the answers as they come. Each byte of an answer is accounted
 * for: what is neither an answer nor a part of one throws.
 */

import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Packet {
  readonly bytes: Buffer;
  /** The methods of the requests in it, in order: an answer to HEAD has no body. */
  readonly methods: readonly string[];
  /**
   * What becomes of the connection. `keep`: as the server likes. `drop`: it is let go of after the answer. `die`: the
   * client says that no more will come, in the middle of what it sends, and reads what there is until the end.
   */
  readonly after: 'keep' | 'drop' | 'die';
}

export interface WireClient {
  /** Resolves with the answers, as many as there were; fewer than asked for mean that the connection has ended. */
  exchange(packet: Packet): Promise<readonly Answer[]>;
  /** How often it was hung up on without an answer, and asked again. */
  repeats(): number;
  close(): void;
}

/** Nobody is kept from work so often in a row. */
const ATTEMPTS_MAX = 4;

/** Longer than any server of ours lets a request take. */
const ANSWER_MAX_MS = 60_000;

export function createWireClient(address: NetConnectOpts): WireClient {
  let socket: Socket | undefined;
  let pending: Buffer = Buffer.alloc(0);
  let repeats = 0;
  let changed = () => {};

  async function connected(): Promise<Socket> {
    if (socket?.writable && !socket.readableEnded) return socket;
    socket?.destroy();
    const fresh = connect(address);
    socket = fresh;
    pending = Buffer.alloc(0);
    await once(fresh, 'connect');
    fresh.setNoDelay(true);
    fresh.on('data', (data: Buffer) => {
      if (fresh !== socket) return;
      pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
      changed();
    });
    // A reset is one of the ways in which a server may end a connection.
    fresh.on('error', () => {});
    fresh.on('end', () => changed());
    fresh.on('close', () => changed());
    return fresh;
  }

  /** Resolves when there are more bytes, or there will be none. */
  function more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error('the server neither answers nor hangs up')),
        ANSWER_MAX_MS,
      );
      changed = () => {
        clearTimeout(late);
        changed = () => {};
        resolve();
      };
    });
  }

  async function exchangeOnce({ bytes, methods, after }: Packet): Promise<readonly Answer[]> {
    const link = await connected();
    const ended = () => link.readableEnded || link.destroyed;
    link.write(bytes);
    if (after === 'die') link.end();
    const answers: Answer[] = [];
    let closing = false;
    while (after === 'die' || (!closing && answers.length < methods.length)) {
      const read = readAnswer(pending, methods[answers.length] ?? 'GET', ended());
      if (read === undefined) {
        if (ended()) break;
        await more();
        continue;
      }
      pending = pending.subarray(read.bytes);
      // 100 is an invitation, and no answer.
      if (read.answer.status < 200) continue;
      answers.push(read.answer);
      closing ||= read.answer.headers.get('connection') === 'close';
    }
    if (after !== 'keep' || closing) link.destroy();
    if (pending.length > 0 && after !== 'drop' && !isBodyOfUnread(answers.at(-1), pending))
      throw new Error(`not a part of any answer: ${pending.toString('latin1')}`);
    return answers;
  }

  return {
    async exchange(packet) {
      let answers = await exchangeOnce(packet);
      // A server ends an idle connection just when something is sent through it, or has been kept from its work by the
      // machine for longer than a request may take. What it has not answered it must not have stored: the next
      // time it would be called a duplicate, and the store would have more than was called stored.
      for (
        let attempt = 1;
        answers.length === 0 && packet.after !== 'die' && attempt < ATTEMPTS_MAX;
        attempt += 1
      ) {
        repeats += 1;
        answers = await exchangeOnce(packet);
      }
      return answers;
    },
    repeats: () => repeats,
    close: () => socket?.destroy(),
  };
}

/**
 * What could not be read as a request is answered before anybody knows its method: also to HEAD with a body, which is
 * the last thing on its connection.
 */
function isBodyOfUnread(answer: Answer | undefined, bytes: Buffer): boolean {
  if (answer === undefined || ![400, 408, 431].includes(answer.status)) return false;
  const { headers } = answer;
  return headers.get('connection') === 'close' && bytes.length <= Number(headers.get('content-length'));
}

/** The first answer in `bytes` and its length; `undefined` if it is not whole yet. Throws if it never will be one. */
function readAnswer(
  bytes: Buffer,
  method: string,
  ended: boolean,
): { readonly answer: Answer; readonly bytes: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [line = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not the beginning of an answer: ${line}`);
  const headers = new Map(
    lines.map((one): [string, string] => {
      const colon = one.indexOf(':');
      return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()];
    }),
  );
  const from = headEnd + 4;
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304)
    return { answer: { status, headers, body: '' }, bytes: from };
  if (headers.get('transfer-encoding') === 'chunked') return chunked(bytes, from, { status, headers });
  const length = Number(headers.get('content-length') ?? (ended ? bytes.length - from : Number.NaN));
  if (Number.isNaN(length) || bytes.length < from + length) return undefined;
  const body = bytes.toString('utf8', from, from + length);
  return { answer: { status, headers, body }, bytes: from + length };
}

function chunked(bytes: Buffer, begin: number, head: Omit<Answer, 'body'>) {
  const parts: Buffer[] = [];
  let from = begin;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', from);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', from, lineEnd), 16);
    const until = lineEnd + 2 + size;
    if (bytes.length < until + 2) return undefined;
    if (size === 0)
      return { answer: { ...head, body: Buffer.concat(parts).toString('utf8') }, bytes: until + 2 };
    parts.push(bytes.subarray(lineEnd + 2, until));
    from = until + 2;
  }
}
