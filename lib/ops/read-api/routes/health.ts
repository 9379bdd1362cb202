/** `GET /health`: whether questions can be answered now; 503 when not, so that a plain `curl -f` is a check. */

import { messageOf } from '../../../base/errors.ts';
import { HttpProblem } from '../../../base/http/problem.ts';
import { ANSWER_MAX_MS } from '../limits.ts';
import { problemOfStore, readProblem } from '../problem.ts';
import { inTime } from '../question.ts';
import { type ReadApi, route } from '../route.ts';
import { HealthAnswer, NoQuery } from '../schemas.ts';

export const healthRoute = route({
  url: '/health',
  about: 'Whether questions can be answered now.',
  query: NoQuery,
  answer: HealthAnswer,
  async reply(_query, api) {
    const trouble = await troubleWith(api);
    const { version } = api;
    const store =
      trouble === undefined ? { ok: true } : { ok: false, code: trouble.code, message: trouble.message };
    const status = trouble === undefined ? 'ok' : 'failing';
    const body = { status, version, uptimeMs: Math.round(api.uptimeMs()), store };
    return { kind: 'json', body, status: trouble === undefined ? 200 : 503 };
  },
});

/** Why questions cannot be answered now; `undefined` if they can. */
export async function troubleWith(api: ReadApi): Promise<HttpProblem | undefined> {
  try {
    await inTime(api, ANSWER_MAX_MS, (ask) => ask('held'));
    return undefined;
  } catch (error) {
    if (error instanceof HttpProblem) return error;
    return problemOfStore(error) ?? readProblem('internal', messageOf(error));
  }
}
