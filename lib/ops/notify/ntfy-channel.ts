/**
 * A topic of ntfy, on ntfy.sh or a server of one's own. It is sent as JSON, because headers would not carry words in
 * every language; the topic is the last part of the address, as people copy it.
 */

import type { Severity } from '../tickets/ticket.ts';
import type { Channel, ChannelBasics } from './channel.ts';
import { hostOf, postJson } from './http-post.ts';

export interface NtfyOptions extends ChannelBasics {
  readonly token?: string | undefined;
}

/** 1 to 5; 5 breaks through the silence of a phone. */
const PRIORITY: Readonly<Record<Severity, number>> = { info: 2, warning: 4, critical: 5 };
/** What is over must not ring. */
const PRIORITY_OVER = 2;
/** Names of emojis that ntfy puts before the title. */
const TAG: Readonly<Record<Severity, string>> = {
  info: 'information_source',
  warning: 'warning',
  critical: 'rotating_light',
};

/** From 4,096 bytes on ntfy makes a file of it, which phones do not show. */
const TEXT_BYTES_MAX = 3_900;

export function createNtfyChannel({ name, url, clock, ca, token, version }: NtfyOptions): Channel {
  const { base, topic } = partsOf(url);
  return {
    name,
    type: 'ntfy',
    to: hostOf(url),
    send: ({ id, subject, text, severity, over }, deadlineMs, stopping) =>
      postJson({
        url: base,
        body: JSON.stringify({
          topic,
          title: subject,
          message: withinBytes(text, TEXT_BYTES_MAX),
          priority: over ? PRIORITY_OVER : PRIORITY[severity],
          tags: [over ? 'white_check_mark' : TAG[severity]],
          // Where it is known, a repeated message takes the place of the first.
          sequence_id: id,
        }),
        headers: {
          'user-agent': `sensor-gateway/${version}`,
          'idempotency-key': id,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ca,
        secrets: [token ?? '', topic],
        clock,
        deadlineMs,
        stopping,
      }),
  };
}

const TOPIC = /^[A-Za-z0-9_-]{1,64}$/;

/** The topic in an address of ntfy; `undefined` if there is none. */
export function topicOf(url: string): string | undefined {
  const { topic } = partsOf(url);
  return TOPIC.test(topic) ? topic : undefined;
}

function partsOf(url: string): { base: string; topic: string } {
  const parsed = new URL(url);
  const at = parsed.pathname.replace(/\/+$/, '').lastIndexOf('/');
  const topic = parsed.pathname.replace(/\/+$/, '').slice(at + 1);
  return { base: `${parsed.origin}${parsed.pathname.slice(0, at + 1)}`, topic };
}

/** Cut between characters. */
function withinBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  return `${new TextDecoder().decode(bytes.subarray(0, bytesMax - 4)).replace(/\ufffd+$/, '')}\u2026`;
}
