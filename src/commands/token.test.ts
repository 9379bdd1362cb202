import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTokenBook } from '../../lib/flow/write-api/token-book.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { tokenAdd, tokenList, tokenRevoke } from './token.ts';

describe('sensorctl token', () => {
  it('add prints a token that is good at once, keeps only its hash, and says that nobody can use it yet', async () => {
    const rig = commandRig();
    const file = join(rig.dataDir, 'tokens.json');
    const book = createTokenBook(file);

    const { out, notes, exitCode } = await rig.run(tokenAdd, { GATEWAY: 'greenhouse' });

    const [token = ''] = out;
    expect(exitCode).toBe(0);
    expect(book.gatewayOf(token)).toBe('greenhouse');
    expect(readFileSync(file, 'utf8')).not.toContain(token);
    expect(notes).toEqual([
      'This is the token of greenhouse; it is not shown again.',
      'No other machine can reach the write API yet: see api.host in docs/settings.md.',
    ]);
  });

  it('add gives a gateway a second token only when told so, and the first is then refused', async () => {
    const rig = commandRig();
    const book = createTokenBook(join(rig.dataDir, 'tokens.json'));
    const [first = ''] = (await rig.run(tokenAdd, { GATEWAY: 'greenhouse' })).out;

    await expect(rig.run(tokenAdd, { GATEWAY: 'greenhouse' })).rejects.toThrow('say --replace');
    const [second = ''] = (await rig.run(tokenAdd, { GATEWAY: 'greenhouse', replace: true })).out;

    expect([book.gatewayOf(first), book.gatewayOf(second)]).toEqual([undefined, 'greenhouse']);
  });

  it('list names the gateways and no secret, and revoke takes one away at once', async () => {
    const rig = commandRig();
    const book = createTokenBook(join(rig.dataDir, 'tokens.json'));
    const [token = ''] = (await rig.run(tokenAdd, { GATEWAY: 'shed' })).out;
    await rig.run(tokenAdd, { GATEWAY: 'attic' });

    const listed = await rig.run(tokenList);
    const asJson = await rig.run(tokenList, { json: true });
    const revoked = await rig.run(tokenRevoke, { GATEWAY: 'shed' });

    expect(listed.out.map((line) => line.split(' ')[0])).toEqual(['attic', 'shed']);
    expect(JSON.parse(asJson.out[0] ?? '')).toEqual({
      tokens: [
        { gateway: 'attic', added_at: '2026-01-15T16:09:35.000Z' },
        { gateway: 'shed', added_at: '2026-01-15T16:09:35.000Z' },
      ],
    });
    expect(revoked.out).toEqual(['shed: revoked; refused from now on']);
    expect(book.gatewayOf(token)).toBeUndefined();
    await expect(rig.run(tokenRevoke, { GATEWAY: 'shed' })).rejects.toThrow('shed has no token');
  });

  it('keeps the tokens in the data directory that is meant, not in the one that is configured', async () => {
    const rig = commandRig();
    const other = tempDir();

    const [token = ''] = (await rig.run(tokenAdd, { GATEWAY: 'shed', 'data-dir': other })).out;

    expect(createTokenBook(join(other, 'tokens.json')).gatewayOf(token)).toBe('shed');
    expect((await rig.run(tokenList)).out).toEqual([]);
    expect((await rig.run(tokenList, { 'data-dir': other })).out).toHaveLength(1);
  });

  it('refuses what cannot be the name of a gateway', async () => {
    await expect(commandRig().run(tokenAdd, { GATEWAY: '../etc' })).rejects.toThrow(
      'is no name of a gateway',
    );
  });
});
