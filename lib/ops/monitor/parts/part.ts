/** What a part of a look is made with, and what it gives. */

import type { Probe } from '../../doctor/probe.ts';
import type { Look, LookPart, LookParts, WatchedDestination } from '../../invariants/look.ts';
import type { OutboxBounds } from '../database-looks.ts';
import type { AskLook } from '../looks.ts';

export interface PartLook {
  readonly part: LookPart;
  /** What seldom changes is looked at no more often than this; in between it is left out, and nobody judges it anew. */
  readonly everyMs?: number;
  /** Throws where it cannot be told; leaves out what does not matter here. */
  look(eyes: Eyes, now: Now): Promise<Partial<LookParts>>;
}

export type Now = Pick<Look, 'at' | 'atMono'>;

export interface Eyes {
  readonly ask: AskLook;
  readonly probe: Probe;
  readonly place: LookPlace;
}

/** Where things are, as configured. */
export interface LookPlace {
  readonly runDir: string;
  readonly dataDir: string;
  readonly outboxFile: string;
  readonly storeFile: string;
  readonly ticketsFile: string;
  readonly bounds: OutboxBounds;
  /** Readings of this machine are delivered into the store beside the outbox. */
  readonly ownStore: boolean;
  /** It is run by systemd. */
  readonly units: boolean;
  readonly destinations: readonly (WatchedDestination & { readonly caFile: string | undefined })[];
}
