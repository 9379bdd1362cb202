/** What a channel is: somewhere to send a message to, and what came back. */

import type { Clock } from '../../base/clock.ts';
import type { Message } from './message.ts';

export type SendOutcome =
  /** Taken. `said`: what the other side answered, in one line. */
  | { readonly kind: 'sent'; readonly said: string }
  | {
      readonly kind: 'failed';
      /** In words, with what would help. */
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      /** It was read, and will not be taken, however often it is sent. */
      readonly verdict?: boolean;
    };

export interface Channel {
  readonly name: string;
  readonly type: string;
  /** Where to, for people: never a path or a topic, which may be all the secret there is. */
  readonly to: string;
  /**
   * Settles within the deadline, never rejects. `undefined`: abandoned, because `stopping` has aborted; it may have
   * arrived all the same.
   */
  send(message: Message, deadlineMs: number, stopping?: AbortSignal): Promise<SendOutcome | undefined>;
}

/** What channels of all types are made with. */
export interface ChannelBasics {
  readonly name: string;
  readonly url: string;
  readonly clock: Clock;
  /** PEM of an authority that the system does not know. */
  readonly ca?: string | undefined;
  /** For `User-Agent`. */
  readonly version: string;
}
