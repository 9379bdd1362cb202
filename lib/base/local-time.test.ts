import { describe, expect, test } from 'vitest';
import { createZone, isZone, knownZones, machineZone, WEEKDAYS } from './local-time.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a zone', () => {
  test.each([
    ['UTC', '2026-07-01T00:00Z', 0],
    ['Europe/Berlin', '2026-01-15T16:09Z', 1],
    ['Europe/Berlin', '2026-07-15T16:09Z', 2],
    ['America/New_York', '2026-01-15T16:09Z', -5],
    ['Asia/Kathmandu', '2026-01-15T16:09Z', 5.75],
    ['Australia/Lord_Howe', '2026-07-15T16:09Z', 10.5],
    ['Australia/Lord_Howe', '2026-01-15T16:09Z', 11],
    ['Pacific/Apia', '2011-12-29T00:00Z', -10],
    ['Pacific/Apia', '2011-12-31T00:00Z', 14],
  ])('%s is at %s %f hours from UTC', (name, at, hours) => {
    expect(createZone(name).offsetMs(Date.parse(at))).toBe(hours * HOUR_MS);
  });

  test.each([
    ['UTC', '1970-01-01T00:00Z', 'thu', 0],
    ['America/New_York', '1969-12-31T23:00Z', 'wed', 18],
    ['Europe/Berlin', '2026-01-15T16:30Z', 'thu', 17.5],
    ['Pacific/Apia', '2011-12-30T09:59Z', 'thu', 23 + 59 / 60],
    ['Pacific/Apia', '2011-12-30T10:00Z', 'sat', 0],
  ])('%s has at %s a %s at hour %f', (name, at, weekday, hours) => {
    const local = createZone(name).localAt(Date.parse(at));

    expect(WEEKDAYS[local.weekday]).toBe(weekday);
    expect(local.ofDayMs).toBe(Math.round(hours * HOUR_MS));
  });

  test('keeps the milliseconds, before 1970, too', () => {
    expect(createZone('UTC').localAt(-1).ofDayMs).toBe(DAY_MS - 1);
    expect(createZone('UTC').offsetMs(-1)).toBe(0);
  });

  test.each([
    ['Europe/Berlin', '2026-03-29T01:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00Z'],
    ['America/New_York', '2026-03-08T07:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
    ['Pacific/Apia', '2011-12-30T10:00Z'],
  ])('%s is set at %s, to the second', (name, at) => {
    const [zone, changeAt] = [createZone(name), Date.parse(at)];

    expect(zone.changeWithin(changeAt - 7_777_777, changeAt + 9_999_999)).toBe(changeAt);
    expect(zone.changeWithin(changeAt - 1, changeAt)).toBe(changeAt);
    expect(zone.changeWithin(changeAt, changeAt + DAY_MS)).toBeUndefined();
  });
});

describe('names of zones', () => {
  test.each([
    ['Europe/Berlin', true],
    ['UTC', true],
    ['America/Argentina/Buenos_Aires', true],
    ['Etc/GMT+5', true],
    ['Europe/Atlantis', false],
    ['+01:00', false],
    ['', false],
    ['Europe/Berlin ', false],
  ])('"%s" is one: %s', (name, is) => {
    expect(isZone(name)).toBe(is);
  });

  test('are known, and the machine is in one of them', () => {
    expect(knownZones()).toContain('Europe/Berlin');
    expect(isZone(machineZone())).toBe(true);
  });
});
