import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { loadConfig } from './config.ts';

function retentionOf(yaml: string) {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ environment: {}, hostName: 'pi', file }).config.store.retention;
}

describe('the retention of the store', () => {
  it('is for ever if nobody says otherwise: nothing is deleted that nobody wanted deleted', () => {
    expect(retentionOf('{}')).toEqual({ rawMs: 0, minuteMs: 0, hourMs: 0, dayMs: 0 });
  });

  it('takes "for ever" as longer than anything', () => {
    expect(() => retentionOf('store: {retention: {minute: 730d}}')).toThrow(
      /store\.retention\.minute \(730d\) is less than store\.retention\.raw \(for ever\)/,
    );
    expect(retentionOf('store: {retention: {raw: 365d}}')).toMatchObject({
      rawMs: 31_536_000_000,
      minuteMs: 0,
    });
  });

  it('names the level that would end before a finer one', () => {
    expect(() => retentionOf('store: {retention: {raw: 30d, minute: 7d}}')).toThrow(
      /:1:\d+ {2}store\.retention\.minute\n.*store\.retention\.minute \(7d\) is less than store\.retention\.raw \(30d\)/,
    );
  });
});
