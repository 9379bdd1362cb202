import { describe, expect, test } from 'vitest';
import type { QualityCheck } from '../flow/flow-event.ts';
import { createQualityLines } from './quality-lines.ts';

const HOUR_MS = 3_600_000;
const NAMES = { source: 'terrarium', sensor: 'terrarium', metric: 'temperature' };

function rig() {
  const lines: string[] = [];
  let nowMono = 0;
  const at = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level} ${message}`);
  };
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const say = createQualityLines({ log, monotonicMs: () => nowMono });
  return {
    lines,
    suspected(check: QualityCheck = 'range', over: Partial<typeof NAMES> = {}) {
      const values = { unit: 'celsius', value: 85, check, message: 'is more than 60' };
      say({ type: 'series.suspected', ...NAMES, ...values, ...over });
    },
    cleared: () => say({ type: 'series.cleared', ...NAMES, readings: 3, durationMs: 20_000 }),
    later(ms: number) {
      nowMono += ms;
    },
  };
}

describe('a suspect series', () => {
  test('is said with its value and its limit, and when it is good again', () => {
    const { lines, suspected, cleared } = rig();

    suspected();
    cleared();

    expect(lines).toEqual([
      'warn temperature of terrarium is suspect (range): 85 celsius is more than 60',
      'info temperature of terrarium is good again after 3 suspect readings',
    ]);
  });

  test('that comes and goes is said once an hour, with how often', () => {
    const { lines, suspected, cleared, later } = rig();

    for (let i = 0; i < 13; i += 1) {
      suspected();
      cleared();
      later(HOUR_MS / 12);
    }

    expect(lines).toHaveLength(4);
    expect(lines[2]).toContain('is more than 60 (and 11 times since this was last said)');
  });

  test('is said again when it fails another check', () => {
    const { lines, suspected } = rig();

    for (const check of ['range', 'spike', 'range'] as const) suspected(check);

    expect(lines.map((line) => line.match(/\((\w+)\)/)?.[1])).toEqual(['range', 'spike']);
  });

  test('that only warms up is nothing to worry about', () => {
    const { lines, suspected } = rig();

    suspected('warm_up');

    expect(lines[0]).toMatch(/^info /);
  });

  test('has its line whatever others do, for two hundred of them', () => {
    const { lines, suspected } = rig();

    for (let i = 0; i < 1_000; i += 1) suspected('range', { sensor: `s${i % 200}` });

    expect(lines).toHaveLength(200);
  });
});
