/** The formats of commands that change something, or say what they would: what was done, in numbers and names. */

import { z } from 'zod';
import { counted, moment } from './parts.ts';

const dry_run = z.boolean();

const backupCounts = {
  rows: counted.optional(),
  dead_letters: counted.optional(),
  streams: counted.optional(),
  readings: counted.optional(),
  received: counted.optional(),
  series: counted.optional(),
};

const outboxImport = z.strictObject({
  file: z.string(),
  dry_run,
  readings: counted,
  streams: counted,
  gateway: z.string(),
  destinations: z.array(
    z.strictObject({ name: z.string(), stored: counted, duplicate: counted, refused: counted }),
  ),
});

export const CHANGE_FORMATS = {
  'outbox import': outboxImport,
  'outbox compact': z.strictObject({ dry_run, freed_bytes: counted, file_bytes: counted }),
  'dead redrive': z.strictObject({
    dry_run,
    destination: z.string(),
    redriven: counted,
    reader_running: z.boolean(),
  }),
  'dead drop': z.strictObject({ dry_run, destination: z.string(), dropped: counted }),
  'backup create': z.strictObject({ dry_run, created: z.array(z.string()), removed: z.array(z.string()) }),
  'backup verify': z.strictObject({
    file: z.string(),
    database: z.string(),
    ok: z.literal(true),
    ...backupCounts,
  }),
  'backup restore': z.strictObject({
    dry_run,
    database: z.string(),
    restored: z.string(),
    from: z.string(),
    ...backupCounts,
    kept_aside: z.string().nullable(),
  }),
  'token add': z.strictObject({ gateway: z.string(), token: z.string() }),
  'token list': z.strictObject({
    tokens: z.array(z.strictObject({ gateway: z.string(), added_at: moment })),
  }),
  'token revoke': z.strictObject({ revoked: z.string() }),
  'config check': z.strictObject({ ok: z.literal(true), file: z.string().nullable() }),
  'config show': z.strictObject({
    file: z.string().nullable(),
    settings: z.array(
      z.strictObject({ key: z.string(), value: z.unknown(), default: z.unknown(), from: z.string() }),
    ),
  }),
  'config set': z.strictObject({
    dry_run,
    file: z.string(),
    key: z.string(),
    before: z.unknown(),
    after: z.unknown(),
    backup: z.string().nullable(),
  }),
} as const;
