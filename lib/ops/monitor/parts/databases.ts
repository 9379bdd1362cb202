/** Outbox and store, and what was damaged or deleted of them. */

import type { PartLook } from './part.ts';

export const outboxPart: PartLook = {
  part: 'outbox',
  async look({ ask, place }) {
    const outbox = await ask('outbox', place.outboxFile, place.bounds);
    return outbox === undefined ? {} : { outbox };
  },
};

/** All streams of years are compared: a tenth of a second, and nothing that is missing comes back by itself. */
const GAPS_EVERY_MS = 300_000;

export const gapsPart: PartLook = {
  part: 'gaps',
  everyMs: GAPS_EVERY_MS,
  async look({ ask, place }) {
    const gaps = place.ownStore ? await ask('gaps', place.outboxFile, place.storeFile) : undefined;
    return gaps === undefined ? {} : { gaps };
  },
};

export const shelfPart: PartLook = {
  part: 'shelf',
  async look({ ask, place }) {
    const { outboxFile, storeFile, ticketsFile } = place;
    return {
      shelf: await ask('shelf', [outboxFile, storeFile, ticketsFile]),
      account: await ask('account', outboxFile),
    };
  },
};
