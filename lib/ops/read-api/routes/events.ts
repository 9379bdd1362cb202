/** `GET /api/v1/events`: what happens, as it happens. */

import { tell } from '../../events/client.ts';
import { readProblem } from '../problem.ts';
import { route } from '../route.ts';
import { EventsQuery } from '../schemas.ts';

const EVENT_STREAM = 'text/event-stream';

export const eventsRoute = route({
  url: '/api/v1/events',
  about:
    'What happens, as it happens: readings that are stored, what breakers do, and what becomes of tickets. Server-sent events, which go on behind Last-Event-ID.',
  query: EventsQuery,
  answer: [EVENT_STREAM],
  async reply({ types, gateway, sensor, last_event_id: asked }, { events: feed, clock }) {
    if (feed === undefined) throw readProblem('not_found', 'events are not told here');
    const wanted = { types, gateway, sensor };
    return {
      kind: 'events',
      type: EVENT_STREAM,
      tell: (header, left) => tell({ feed, clock, wanted, lastEventId: header ?? asked, left }),
    };
  },
});
