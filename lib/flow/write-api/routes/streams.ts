/** `GET /api/v1/streams/{stream}?from=SEQ`: what has been received of a stream, for handshake and verify. */

import { isSeq, STREAM_PATTERN, type StreamAnswer } from '../../reading.ts';
import { refuseOtherGateways } from '../access.ts';
import { ApiProblem } from '../problem.ts';
import type { Route } from './route.ts';

export const streamsRoute: Route = {
  method: 'GET',
  url: '/api/v1/streams/:stream',
  async handle({ params, query, sender }, api): Promise<StreamAnswer> {
    const stream = params.stream ?? '';
    if (!STREAM_PATTERN.test(stream)) throw new ApiProblem('stream_invalid', `${stream} is no stream`);
    const from = query.from === undefined ? 1 : Number(query.from);
    if (!isSeq(from)) throw new ApiProblem('stream_invalid', `from=${query.from} is no seq`);
    const answer = await api.store.stream(stream, from);
    // Who knows a stream could make its next readings look like duplicates; nobody learns of one here.
    if (answer.gateway !== null) refuseOtherGateways(sender, [answer.gateway]);
    return answer;
  },
};
