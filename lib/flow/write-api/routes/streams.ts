/** `GET /api/v1/streams/{stream}?from=SEQ`: what has been received of a stream, for handshake and verify. */

import { isSeq, STREAM_PATTERN, type StreamAnswer } from '../../reading.ts';
import { ApiProblem } from '../problem.ts';
import type { Route } from './route.ts';

export const streamsRoute: Route = {
  method: 'GET',
  url: '/api/v1/streams/:stream',
  async handle({ params, query }, api): Promise<StreamAnswer> {
    const stream = params.stream ?? '';
    if (!STREAM_PATTERN.test(stream)) throw new ApiProblem('stream_invalid', `${stream} is no stream`);
    const from = query.from === undefined ? 1 : Number(query.from);
    if (!isSeq(from)) throw new ApiProblem('stream_invalid', `from=${query.from} is no seq`);
    return api.store.stream(stream, from);
  },
};
