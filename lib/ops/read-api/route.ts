/** What a route is: a question with a schema, an answer with a schema, and how one becomes the other. */

import type { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { pathText } from '../../base/http/problem.ts';
import type { TextPage } from '../../base/http/text-page.ts';
import type { AskStore } from '../../flow/write-api/store/store-looks.ts';
import type { Feed } from '../events/feed.ts';
import { ANSWER_MAX_MS } from './limits.ts';
import { readProblem } from './problem.ts';
import { inTime } from './question.ts';
import type { StoreBackups, StoreCopy } from './store-backups.ts';
import type { Span } from './stretches.ts';
import { parseTime, TIME_RULE } from './times.ts';

/** What a route may use: never the HTTP server itself. */
export interface ReadApi {
  readonly ask: AskStore;
  readonly clock: Clock;
  readonly version: string;
  uptimeMs(): number;
  /** Everything that happens; `undefined`: it is not told here. */
  readonly events: Feed | undefined;
  /** `undefined`: the store is no file. */
  readonly backups: Pick<StoreBackups, 'make'> | undefined;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Names of the loops that have not moved when they had promised to. */
  overdue(): readonly string[];
  /** Of everything that can be asked. */
  openApi(): object;
}

export interface JsonReply {
  readonly kind: 'json';
  readonly body: object;
  /** 200 if left out. */
  readonly status?: number;
}

export interface TextReply {
  readonly kind: 'text';
  readonly type: string;
  readonly fileName: string;
  readonly chunks: AsyncIterable<string>;
}

/** Made only once it is sure that somebody wants it. */
export interface FileReply {
  readonly kind: 'file';
  readonly type: string;
  readonly fileName: string;
  /** Gives up when `left` aborts. */
  make(left: AbortSignal): Promise<StoreCopy>;
}

/** A text without an end. */
export interface EventsReply {
  readonly kind: 'events';
  readonly type: string;
  /** From behind that event on; gives up when `left` aborts. */
  tell(lastEventId: string | undefined, left: AbortSignal): AsyncIterable<string>;
}

type Reply = JsonReply | TextReply | TextPage | FileReply | EventsReply;

export interface ReadRoute {
  readonly url: string;
  readonly about: string;
  readonly query: z.ZodType;
  /** Of JSON; a text has the media types of its formats. */
  readonly answer: z.ZodType | readonly string[];
  /** Throws `HttpProblem`, and what the store cannot answer. */
  handle(query: unknown, api: ReadApi): Promise<Reply>;
  /** It is no question about what is stored: answered however many of those there are, and not counted among them. */
  readonly isAlwaysAnswered?: true;
}

interface RouteOf<Query extends z.ZodType> {
  readonly url: string;
  readonly about: string;
  readonly query: Query;
  readonly answer: z.ZodType | readonly string[];
  reply(query: z.output<Query>, api: ReadApi): Promise<Reply>;
}

/** A route whose question is checked first. */
export function route<Query extends z.ZodType>({ reply, ...rest }: RouteOf<Query>): ReadRoute {
  return { ...rest, handle: (query, api) => reply(checked(rest.query, query), api) };
}

/** A route whose answer is JSON, made within `ANSWER_MAX_MS`. */
export function jsonRoute<Query extends z.ZodType>(
  spec: Omit<RouteOf<Query>, 'reply'> & { body(query: z.output<Query>, api: ReadApi): Promise<object> },
): ReadRoute {
  const { body, ...rest } = spec;
  return route({
    ...rest,
    reply: async (query, api) => ({
      kind: 'json',
      body: await inTime(api, ANSWER_MAX_MS, (ask) => body(query, { ...api, ask })),
    }),
  });
}

function checked<Query extends z.ZodType>(schema: Query, query: unknown): z.output<Query> {
  const { success, data, error } = schema.safeParse(query);
  if (success) return data;
  const errors = error.issues.map(({ path, message }) => ({ path: pathText(path) || '?', message }));
  const [first] = errors;
  throw readProblem('query_invalid', `${first?.path} ${first?.message}`, { errors });
}

/** Since and until as moments. Throws `query_invalid` if there is nothing between them. */
export function spanOf({ since, until }: { since: string; until: string }, { clock }: ReadApi): Span {
  const nowAt = clock.wallMs();
  const [fromAt, untilAt] = [parseTime(since, nowAt), parseTime(until, nowAt)];
  if (fromAt === undefined || untilAt === undefined) throw readProblem('query_invalid', TIME_RULE);
  if (fromAt >= untilAt) {
    const message = `${since} is not before ${until}`;
    throw readProblem('query_invalid', `since ${message}`, { errors: [{ path: 'since', message }] });
  }
  return { fromAt, untilAt };
}
