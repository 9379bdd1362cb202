/** `GET /openapi.json`: everything that can be asked here, for people and for programs that make clients. */

import { route } from '../route.ts';
import { NoQuery, OpenApiAnswer } from '../schemas.ts';

export const openApiRoute = route({
  url: '/openapi.json',
  about: 'This description.',
  query: NoQuery,
  answer: OpenApiAnswer,
  reply: async (_query, api) => ({ kind: 'json', body: api.openApi() }),
});
