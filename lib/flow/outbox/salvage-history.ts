/**
 * What a quarantined file says about its time, gathered page by page: silences, sensors, and what breakers did. They
 * explain why readings are not there, so they come back as well, but only to people: none of them decides what is
 * sent.
 */

import type { ScannedPage } from '../../base/page-scan.ts';
import { type KnownSensor, SILENCE_CAUSES, type Silence } from '../silence.ts';
import type { History } from './history.ts';
import type { BreakerTransition } from './outbox.ts';
import { sensorIn, silenceIn, transitionIn } from './salvage-records.ts';

export interface HistoryClaims {
  /** To be given the latest version of each page. */
  learn(page: ScannedPage): void;
  /** In bounded parts, the latest first. */
  parts(): Generator<History>;
}

/** Above what an outbox keeps of each; a file of somebody else must not fill the memory. */
const CLAIMS_MAX = 12_000;
/** Written in one transaction: each is looked for first. */
const AT_ONCE = 100;

export function createHistoryClaims(): HistoryClaims {
  const silences = new Map<number, Silence>();
  const transitions = new Map<number, BreakerTransition>();
  const sensors = new Map<string, KnownSensor>();

  function note<Key, Claim>(claims: Map<Key, Claim>, key: Key, claim: Claim): void {
    if (claims.size < CLAIMS_MAX && !claims.has(key)) claims.set(key, claim);
  }

  return {
    learn({ rows }) {
      for (const row of rows) {
        const silence = silenceIn(row);
        if (silence !== undefined) note(silences, silence.id, silence.record);
        const transition = transitionIn(row);
        if (transition !== undefined) note(transitions, transition.id, transition.record);
        const sensor = sensorIn(row);
        // The index of the silences has rows of the same form. A sensor of such a name is carried over at the start.
        if (sensor !== undefined && !isCause(sensor.sensor)) note(sensors, sensor.sensor, sensor);
      }
    },
    *parts() {
      const all = {
        silences: latestFirst(silences),
        sensors: [...sensors.values()],
        transitions: latestFirst(transitions),
      };
      const longest = Math.max(all.silences.length, all.sensors.length, all.transitions.length);
      for (let at = 0; at < longest; at += AT_ONCE) {
        yield {
          silences: all.silences.slice(at, at + AT_ONCE),
          sensors: all.sensors.slice(at, at + AT_ONCE),
          transitions: all.transitions.slice(at, at + AT_ONCE),
        };
      }
    },
  };
}

const isCause = (name: string) => SILENCE_CAUSES.some((cause) => cause === name);

function latestFirst<Claim>(claims: ReadonlyMap<number, Claim>): Claim[] {
  return [...claims].sort(([a], [b]) => b - a).map(([, claim]) => claim);
}
