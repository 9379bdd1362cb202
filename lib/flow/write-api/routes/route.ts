/** What a route is, and what it may use: never the HTTP server itself. */

import type { Sender } from '../access.ts';
import type { IngestContext } from '../ingest.ts';
import type { IncomingBatch, IngestAnswer, ReadingsStore } from '../readings-store.ts';

interface ApiRequest {
  readonly body: unknown;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly sender: Sender;
}

export interface Api {
  readonly store: ReadingsStore;
  readonly version: string;
  uptimeMs(): number;
  /** In the text format of Prometheus; `undefined` where nobody keeps any. */
  readonly metrics: (() => Promise<string>) | undefined;
  /** Names of the loops that have not moved when they had promised to. */
  overdue(): readonly string[];
  /** A reader has delivered this batch, and it is stored. */
  noteDelivery(batch: IncomingBatch, sender: Sender): void;
  ingestContext(sender: Sender): IngestContext;
  /** The store's `ingest`, reported as one `batch.ingested` for each batch. */
  ingest(batches: readonly IncomingBatch[]): Promise<IngestAnswer[]>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As the router writes it: `:name` is a parameter. */
  readonly url: string;
  /** Anybody may ask, without a token. */
  readonly isPublic?: boolean;
  /** Gives the JSON of a success, or a `TextPage`; throws `ApiProblem` or `StoreFault`. */
  handle(request: ApiRequest, api: Api): Promise<object>;
  /** 200 if left out. */
  statusOf?(answer: object): number;
}
