/** Whether the programs run, judged from outside: by the health file of the reader and the answer of the API. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '../../lib/base/errors.ts';
import { API_IDENTITY_HEADER, HealthAnswer, parseApiIdentity } from '../../lib/flow/reading.ts';
import { HEALTH_FRESH_MS } from '../../lib/ops/health-file.ts';

export interface ProgramState {
  /** silent: its process is there, but its health file is old, so its event loop does not turn. */
  readonly state: 'running' | 'silent' | 'not running';
  readonly pid?: number;
  readonly version?: string;
  /** Its own words. */
  readonly status?: string;
  /** What it wrote, for values that are in no file yet. */
  readonly health: Readonly<Record<string, unknown>>;
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
  const { pid, version, status, generated_at: generatedAt } = health;
  if (typeof pid !== 'number' || !isAlive(pid)) return { state: 'not running', health: {} };
  const fresh = typeof generatedAt === 'number' && Math.abs(wallMs - generatedAt) < HEALTH_FRESH_MS;
  return {
    state: fresh ? 'running' : 'silent',
    pid,
    ...(typeof version === 'string' ? { version } : {}),
    ...(typeof status === 'string' ? { status } : {}),
    health,
  };
}

function readHealth(file: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8').slice(0, HEALTH_CHARACTERS_MAX));
    return isGroup(parsed) ? parsed : {};
  } catch {
    return {}; // Removed at a clean stop, never written, or not for us to read: it tells nothing.
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
    const answer = await fetch(new URL('/health', url), {
      redirect: 'manual',
      signal: AbortSignal.timeout(API_TIMEOUT_MS),
    });
    const identity = parseApiIdentity(answer.headers.get(API_IDENTITY_HEADER) ?? undefined);
    if (identity === undefined) {
      await answer.body?.cancel();
      return {
        state: 'foreign',
        url,
        reason: `HTTP ${answer.status} from a program that is not our write API`,
      };
    }
    const health = HealthAnswer.safeParse(await answer.json());
    const ok = answer.status === 200 && health.data?.status === 'ok';
    const reason = health.data?.store.code ?? `HTTP ${answer.status}`;
    return { state: ok ? 'up' : 'failing', url, version: identity.version, ...(ok ? {} : { reason }) };
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError';
    if (late) return { state: 'down', url, reason: `no answer within ${API_TIMEOUT_MS / 1_000} s` };
    const cause =
      error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    return { state: 'down', url, reason: cause };
  }
}

/** The rows that wait for a destination as the reader counts them now: the file is behind by one round. */
export function liveBacklog(health: ProgramState['health'], destination: string): number | undefined {
  const { destinations } = health;
  if (!Array.isArray(destinations)) return undefined;
  const one: unknown = destinations.find((entry) => isGroup(entry) && entry.name === destination);
  const backlog = isGroup(one) ? one.backlog : undefined;
  const rows = isGroup(backlog) ? backlog.rows : undefined;
  return typeof rows === 'number' ? rows : undefined;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How fast a drain to this destination is going; `undefined` while there is none. */
export function drainPace(health: ProgramState['health'], destination: string): number | undefined {
  const { destinations } = health;
  if (!Array.isArray(destinations)) return undefined;
  const one: unknown = destinations.find((entry) => isGroup(entry) && entry.name === destination);
  const backfill = isGroup(one) && isGroup(one.backfill) ? one.backfill : {};
  const pace = isGroup(backfill.drain) ? backfill.drain.rowsPerSecond : undefined;
  return typeof pace === 'number' && pace > 0 ? pace : undefined;
}

/** How many readings a round of the running reader has brought so far, on average. */
export function readingsPerRound({ counts }: ProgramState['health']): number | undefined {
  if (!isGroup(counts)) return undefined;
  const { readings, rounds } = counts;
  if (typeof readings !== 'number' || typeof rounds !== 'number' || rounds <= 0) return undefined;
  return readings / rounds;
}
