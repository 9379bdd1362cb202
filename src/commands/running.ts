/** Whether the programs run, judged from outside: by the health file of the reader and the answer of the API. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/base/clock.ts';
import { withDeadline } from '../../lib/base/deadline.ts';
import { codeOf, messageOf } from '../../lib/base/errors.ts';
import { askHttp } from '../../lib/base/http/ask.ts';
import { API_IDENTITY_HEADER, HealthAnswer, parseApiIdentity } from '../../lib/flow/reading.ts';
import { HEALTH_FRESH_MS } from '../../lib/ops/health-file.ts';
import { type Health, NO_HEALTH, parseHealth } from '../../lib/ops/health-shape.ts';

export interface ProgramState {
  /** silent: its process is there, but its health file is old, so its event loop does not turn. */
  readonly state: 'running' | 'silent' | 'not running';
  readonly pid?: number;
  readonly version?: string;
  /** Its own words. */
  readonly status?: string;
  /** What it wrote, for values that are in no file yet. */
  readonly health: Health;
}

export interface ApiState {
  readonly state: 'up' | 'failing' | 'foreign' | 'down';
  readonly url: string;
  readonly version?: string;
  /** Why it is not up. */
  readonly reason?: string;
}

/** On this machine an answer takes milliseconds; a person waits for it. */
const API_TIMEOUT_MS = 2_000;

/** A health file has some 10 KiB, most of them the last values of the sensors; with hundreds of sensors ten times that. */
const HEALTH_CHARACTERS_MAX = 262_144;

export function programState(runDir: string, program: string, wallMs: number): ProgramState {
  const health = readHealth(join(runDir, `${program}.health.json`));
  const { pid, version, status, generatedAt } = health;
  if (pid === undefined || !isAlive(pid)) return { state: 'not running', health: NO_HEALTH };
  const fresh = generatedAt !== undefined && Math.abs(wallMs - generatedAt) < HEALTH_FRESH_MS;
  return {
    state: fresh ? 'running' : 'silent',
    pid,
    ...(version === undefined ? {} : { version }),
    ...(status === undefined ? {} : { status }),
    health,
  };
}

function readHealth(file: string): Health {
  try {
    return parseHealth(readFileSync(file, 'utf8').slice(0, HEALTH_CHARACTERS_MAX)) ?? NO_HEALTH;
  } catch {
    return NO_HEALTH; // Removed at a clean stop, never written, or not for us to read: it tells nothing.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It exists and belongs to somebody else.
    return codeOf(error) === 'EPERM';
  }
}

/** Asks the API how it is. Never rejects, and settles within two seconds. */
export async function apiState(url: string): Promise<ApiState> {
  try {
    const asked = await withDeadline(systemClock, 'health of the API', API_TIMEOUT_MS, (signal) =>
      askHttp(`${url.replace(/\/$/, '')}/health`, { signal }),
    );
    if (asked.late) return { state: 'down', url, reason: `no answer within ${API_TIMEOUT_MS / 1_000} s` };
    const { status, headers, body } = asked.value;
    const identity = parseApiIdentity(headers[API_IDENTITY_HEADER]);
    if (identity === undefined) {
      return { state: 'foreign', url, reason: `HTTP ${status} from a program that is not our write API` };
    }
    const health = HealthAnswer.safeParse(JSON.parse(body));
    const ok = status === 200 && health.data?.status === 'ok';
    const reason = health.data?.store.code ?? `HTTP ${status}`;
    return { state: ok ? 'up' : 'failing', url, version: identity.version, ...(ok ? {} : { reason }) };
  } catch (error) {
    return { state: 'down', url, reason: messageOf(error) };
  }
}

/** The rows that wait for a destination as the reader counts them now: the file is behind by one round. */
export function liveBacklog({ destinations }: Health, destination: string): number | undefined {
  return destinations.find(({ name }) => name === destination)?.backlogRows;
}

/** How fast a drain to this destination is going; `undefined` while there is none. */
export function drainPace({ destinations }: Health, destination: string): number | undefined {
  return destinations.find(({ name }) => name === destination)?.drainRowsPerSecond;
}

/** How many readings a round of the running reader has brought so far, on average. */
export function readingsPerRound({ counts: { readings, rounds } }: Health): number | undefined {
  return rounds > 0 ? readings / rounds : undefined;
}
