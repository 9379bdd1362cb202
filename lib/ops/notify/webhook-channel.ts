/** A webhook: a POST of JSON to an address that somebody else listens at. */

import type { Channel, ChannelBasics } from './channel.ts';
import { hostOf, postJson } from './http-post.ts';
import { filledIn, type JsonValue, USUAL_TEMPLATE } from './template.ts';

export interface WebhookOptions extends ChannelBasics {
  readonly token?: string | undefined;
  readonly template?: JsonValue | undefined;
}

export function createWebhookChannel(options: WebhookOptions): Channel {
  const { name, url, clock, ca, token, version, template = USUAL_TEMPLATE } = options;
  const { pathname, search } = new URL(url);
  const secrets = [token ?? '', pathname.slice(1), search.slice(1)];
  return {
    name,
    type: 'webhook',
    to: hostOf(url),
    send: (message, deadlineMs, stopping) =>
      postJson({
        url,
        body: JSON.stringify(filledIn(template, message)),
        headers: {
          'user-agent': `sensor-gateway/${version}`,
          'idempotency-key': message.id,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ca,
        secrets,
        clock,
        deadlineMs,
        stopping,
      }),
  };
}
