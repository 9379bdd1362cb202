import { expect, it } from 'vitest';
import { found, INSTALLED } from '../../../../test/support/doctor-rig.ts';
import { apiPort } from './api-port.ts';
import { apiReader } from './api-reader.ts';

const HEALTH = 'http://127.0.0.1:8470/health';
const answering = (status: number, identity?: string) => ({
  answers: { [HEALTH]: { status, headers: { 'sensorgw-api': identity }, body: '{}' } },
});

it.each([
  ['it is ours', answering(200, 'sensor-api-write/0.1.0; schema=1'), 'pass', 'is our write API 0.1.0'],
  ['it is ours and of another version', answering(200, 'sensor-api-write/0.0.9; schema=1'), 'warn', '0.0.9'],
  ['it is ours and cannot store', answering(503, 'sensor-api-write/0.1.0; schema=1'), 'fail', 'HTTP 503'],
  ['a stranger answers', answering(200), 'fail', 'not our write API'],
  ['a stranger pretends', answering(200, 'nginx'), 'fail', 'not our write API'],
  ['nobody answers', {}, 'fail', 'ECONNREFUSED'],
] as const)('the port of the write API, when %s', async (_when, recording, verdict, evidence) => {
  expect(await found(apiPort, recording)).toMatchObject({
    verdict,
    evidence: expect.stringContaining(evidence),
  });
});

it('a stranger on the port is shown with the command that finds it', async () => {
  expect((await found(apiPort, answering(404))).fix).toContain("ss -ltnp 'sport = :8470'");
});

const FILE = '/run/sensor-gateway/sensor-main.health.json';
const health = (ageMs: number, version = '0.1.0') => ({
  [FILE]: `{"format":1,"program":"sensor-main","pid":321,"version":"${version}","generated_at":${INSTALLED.nowMs - ageMs},"generated_mono_ms":${INSTALLED.nowMono - ageMs}}\n`,
});
const process = { '/proc/321': { kind: 'directory' } } as const;

it.each([
  ['is at work', { ...process, ...health(5_000) }, 'pass', 'pid 321'],
  ['is of another version', { ...process, ...health(5_000, '0.0.9') }, 'warn', '0.0.9'],
  ['does not move', { ...process, ...health(90_000) }, 'fail', '90 s old'],
  ['was killed', health(5_000), 'fail', 'ended without a word'],
  ['is of an earlier boot', { ...process, ...health(-3_600_000) }, 'fail', 'ended without a word'],
  ['was stopped', {}, 'fail', 'not running'],
  ['has written half a file', { ...process, [FILE]: '{"format":1,"pid":321,' }, 'fail', 'does not move'],
] as const)('a reader that %s', async (_what, files, verdict, evidence) => {
  expect(await found(apiReader, { files })).toMatchObject({
    verdict,
    evidence: expect.stringContaining(evidence),
  });
});

it('a reader is well also in the moment in which the wall clock is set', async () => {
  const nowMs = INSTALLED.nowMs + 3_600_000;

  expect(await found(apiReader, { files: { ...process, ...health(5_000) } }, { nowMs })).toMatchObject({
    verdict: 'pass',
  });
});
