/** The format of `sensorctl notify test`. */

import { z } from 'zod';
import { counted } from './parts.ts';

export const NOTIFY_FORMATS = {
  'notify test': z.strictObject({
    channels: z.array(
      z.strictObject({
        channel: z.string(),
        type: z.enum(['webhook', 'ntfy', 'smtp']),
        to: z.string(),
        sent: z.boolean(),
        said: z.string(),
        duration_ms: counted,
      }),
    ),
  }),
} as const;
