/** A client of server-sent events, as a browser is one: it reads, remembers the last id, and comes back with it. */

import { get, type IncomingMessage } from 'node:http';

export interface HeardEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export interface EventListener {
  readonly heard: readonly HeardEvent[];
  /** Of the last event, or of a heartbeat behind it. */
  readonly lastId: string | undefined;
  /** The status of the latest answer. */
  readonly status: number | undefined;
  /** Resolves when something has come that fits, or has come already. */
  until(fits: (heard: readonly HeardEvent[]) => boolean): Promise<void>;
  connect(): Promise<void>;
  /** In the middle of whatever it is being sent. */
  drop(): void;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Resolves when the other side has ended it. */
  readonly ended: Promise<void>;
}

export function createEventListener(url: string): EventListener {
  const heard: HeardEvent[] = [];
  const waiting = new Set<() => void>();
  let lastId: string | undefined;
  let status: number | undefined;
  let answer: IncomingMessage | undefined;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });

  /** One block of lines, as the standard has it: without data it only moves the last id. */
  function dispatch(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const match = /^(\w+): ?(.*)$/.exec(line);
      if (match?.[1] !== undefined) fields.set(match[1], match[2] ?? '');
    }
    lastId = fields.get('id') ?? lastId;
    const data = fields.get('data');
    if (data === undefined) return;
    heard.push({ id: lastId ?? '', event: fields.get('event') ?? 'message', data: JSON.parse(data) });
  }

  return {
    heard,
    get lastId() {
      return lastId;
    },
    get status() {
      return status;
    },
    ended,
    async until(fits) {
      while (!fits(heard)) await new Promise<void>((resolve) => waiting.add(resolve));
    },
    connect: () =>
      new Promise((resolve, reject) => {
        const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
        const request = get(url, { headers, agent: false }, (incoming) => {
          answer = incoming;
          status = incoming.statusCode;
          let pending = '';
          incoming.setEncoding('utf8').on('data', (part: string) => {
            if (answer !== incoming) return;
            const blocks = (pending + part).split('\n\n');
            pending = blocks.pop() ?? '';
            for (const block of blocks) dispatch(block);
            for (const wake of waiting) wake();
            waiting.clear();
          });
          incoming.once('close', () => {
            if (answer === incoming) end();
          });
          incoming.on('error', () => {});
          resolve();
        });
        request.once('error', reject);
      }),
    drop() {
      const dropped = answer;
      answer = undefined;
      dropped?.destroy();
    },
    pause: () => void answer?.pause(),
    resume: () => void answer?.resume(),
  };
}
