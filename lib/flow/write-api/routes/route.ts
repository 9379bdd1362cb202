/** What a route is, and what it may use: never the HTTP server itself. */

import type { IngestContext } from '../ingest.ts';
import type { IncomingBatch, IngestAnswer, ReadingsStore } from '../readings-store.ts';

interface ApiRequest {
  readonly body: unknown;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, unknown>>;
}

export interface Api {
  readonly store: ReadingsStore;
  readonly version: string;
  uptimeMs(): number;
  ingestContext(): IngestContext;
  /** The store's `ingest`, reported as one `batch.ingested` for each batch. */
  ingest(batches: readonly IncomingBatch[]): Promise<IngestAnswer[]>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As the router writes it: `:name` is a parameter. */
  readonly url: string;
  /** Gives the JSON of a success; throws `ApiProblem` or `StoreFault`. */
  handle(request: ApiRequest, api: Api): Promise<object>;
  /** 200 if left out. */
  statusOf?(answer: object): number;
}
