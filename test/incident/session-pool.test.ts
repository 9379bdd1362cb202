import { expect, test } from 'vitest';
import { createSessionPool, PoolExhausted } from './session-pool.ts';

test('whoever has waited longest gets the session that comes back', async () => {
  const pool = createSessionPool(['only'], 10_000);
  const held = await pool.acquire();
  const first = pool.acquire();
  const second = pool.acquire();

  expect(pool.waiting()).toBe(2);
  held.release();
  (await first).release();

  expect((await second).connection).toBe('only');
  expect(pool.waiting()).toBe(0);
});

test('a wait ends without a session when none comes back in time, and takes none away from the others', async () => {
  const pool = createSessionPool(['only'], 1);
  const held = await pool.acquire();

  await expect(pool.acquire()).rejects.toThrow(PoolExhausted);
  held.release();

  expect((await pool.acquire()).connection).toBe('only');
});
