/**
 * What one client is sent, as text: everything that it wants from its place in the history on, as fast as it takes
 * it and no faster, because whoever sends asks for the next piece only when there is room. Its place is all that is
 * kept of it. One that falls behind the history is let go; when it comes back it is told to begin anew.
 */

import type { Clock } from '../../base/clock.ts';
import type { Feed } from './feed.ts';
import { isWanted, type Wanted } from './happening.ts';
import type { History } from './history.ts';
import { CHUNK_BYTES_MAX, HEARTBEAT_MS, RETRY_MS } from './limits.ts';

type Told = Pick<Feed, 'join' | 'history' | 'news' | 'closed'>;

export interface ClientOptions {
  readonly feed: Told;
  readonly clock: Clock;
  readonly wanted: Wanted;
  /** What it was told last, in its own words; `undefined`: it is new. */
  readonly lastEventId: string | undefined;
  /** It has left. */
  readonly left: AbortSignal;
}

/** Ends when the client has left, has fallen behind, or the feed is closed. */
export async function* tell({
  feed,
  clock,
  wanted,
  lastEventId,
  left,
}: ClientOptions): AsyncGenerator<string> {
  const leave = feed.join();
  try {
    yield `retry: ${RETRY_MS}\n\n`;
    const history = await begun(feed, clock, left);
    if (history === undefined) return;
    const place = lastEventId === undefined ? history.latest() : history.place(lastEventId);
    // Before it is sent: what happens until this client takes it comes behind it.
    let number = place ?? history.latest();
    yield place === undefined ? resetIn(history, number) : placeIn(history, number);
    // Another history in its place means that nobody was expected back: this client was not there.
    while (!feed.closed && !left.aborted && feed.history() === history && history.reaches(number)) {
      const next = chunkFrom(history, number, wanted);
      number = next.number;
      if (next.text !== '') {
        yield next.text;
        continue;
      }
      const isNew = await newsWithin(feed, clock, left);
      // Its place goes along: whoever filters must not have to begin anew because nothing was for it.
      if (!isNew && !left.aborted) yield `: still here\n${placeIn(history, number)}`;
    }
  } finally {
    leave();
  }
}

async function begun(feed: Told, clock: Clock, left: AbortSignal): Promise<History | undefined> {
  while (feed.history() === undefined && !feed.closed && !left.aborted) await newsWithin(feed, clock, left);
  return feed.history();
}

/** Whether there was any before the time for a heartbeat. */
async function newsWithin(feed: Told, clock: Clock, left: AbortSignal): Promise<boolean> {
  const done = new AbortController();
  const stop = () => done.abort();
  left.addEventListener('abort', stop, { once: true });
  if (left.aborted) stop();
  let isNew = false;
  const news = feed.news(done.signal).then(() => {
    isNew = !done.signal.aborted;
  });
  await Promise.race([news, clock.sleep('event heartbeat', HEARTBEAT_MS, done.signal)]);
  const said = isNew;
  stop();
  left.removeEventListener('abort', stop);
  return said;
}

/** An id without data moves the client's place, and is no event. */
function placeIn(history: History, number: number): string {
  return `id: ${history.idOf(number)}\n\n`;
}

function resetIn(history: History, number: number): string {
  const reason = 'what happened since then is not known here any more';
  return `id: ${history.idOf(number)}\nevent: reset\ndata: ${JSON.stringify({ reason })}\n\n`;
}

function chunkFrom(history: History, from: number, wanted: Wanted): { text: string; number: number } {
  let [text, number] = ['', from];
  while (text.length < CHUNK_BYTES_MAX) {
    const entry = history.after(number);
    if (entry === undefined) break;
    number = entry.number;
    if (isWanted(entry.happening, wanted)) text += entry.text;
  }
  return { text, number };
}
