import { describe, expect, it } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { prefillOutbox } from '../../test/support/prefilled-outbox.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { gather, type Report } from './status-report.ts';
import { type ShownSeries, type StatusViewOptions, statusView } from './status-view.ts';

/** Long after the readings that wait were taken. */
const NOW_MS = INCIDENT_AT + 3_600_000;

/** A gateway with a backlog, nothing running, and three tickets. */
async function someReport(): Promise<Report> {
  const rig = commandRig();
  prefillOutbox(rig.dataDir, 1_234);
  const report = await gather({
    options: {},
    json: false,
    terminal: { out: async () => {}, note() {}, colours: false },
    environment: { ...rig.environment, SENSORGW_API_PORT: '9' },
    wallMs: () => NOW_MS,
    hostName: 'pi',
    packageDir: rig.dataDir,
  });
  const ticket = {
    id: 12,
    key: 'sensor_silent:attic',
    invariant: 'sensor_silent',
    subject: 'attic',
    severity: 'critical',
    state: 'open',
    title: 'sensor attic is silent',
  };
  return { ...report, tickets: [ticket as never] };
}

const series = (n: number): ShownSeries[] =>
  Array.from({ length: n }, (_, i) => ({
    sensor: `sensor-with-a-long-name-${i}`,
    metric: 'temperature',
    unit: 'celsius',
    value: 20.123_456_7 + i,
    at: NOW_MS - 4_000,
    trend: Array.from({ length: 30 }, (_, j) => (j % 7 === 0 ? null : j)),
  }));

const VIEW: Omit<StatusViewOptions, 'report'> = {
  series: series(40),
  failure: undefined,
  nowMs: NOW_MS,
  columns: 80,
  rows: 24,
  colours: false,
  unicode: true,
};

describe('the live view', () => {
  it('begins with what needs a look, then programs, destinations, outbox, tickets, and sensors as far as there is room', async () => {
    const lines = statusView({ ...VIEW, report: await someReport() });

    expect(lines[0]).toMatch(/^sensor-gateway {2}\d to look at +\d\d:09:35$/);
    const text = lines.join('\n');
    const order = [
      '! the reader',
      'programs',
      'to local',
      'outbox',
      'forecast',
      'TKT-12',
      'sensors (',
      'and 3',
    ];
    const places = order.map((part) => text.indexOf(part));
    expect(places.filter((place) => place < 0)).toEqual([]);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(text).toMatch(/to local +1,234 waiting/);
    expect(text).toMatch(/sensor-with-a-long-name-0 temperature +20\.1235 celsius +4 s +▁/);
    expect(lines.at(-1)).toBe('q leaves');
  });

  it('fits any size, and always says how to leave', async () => {
    const report = await someReport();
    for (const columns of [20, 40, 80, 200]) {
      for (const rows of [2, 5, 10, 24, 60]) {
        for (const shown of [report, undefined]) {
          const lines = statusView({ ...VIEW, report: shown, columns, rows });

          expect(lines.length).toBeLessThanOrEqual(rows);
          if (shown !== undefined) expect(lines.at(-1)).toBe('q leaves');
        }
      }
    }
  });

  it('shows why it cannot look, and what it saw last', async () => {
    const failure = 'config.yaml:3:1  unknown key\n1 problem.';

    expect(statusView({ ...VIEW, report: undefined, failure }).join('\n')).toContain(failure);
    const lines = statusView({ ...VIEW, report: await someReport(), failure });
    expect(lines).toContain('! config.yaml:3:1  unknown key');
    expect(lines.join('\n')).toContain('to local');
  });

  it('has no trends in 40 columns, and nothing but ASCII where a terminal shows no more', async () => {
    const report = await someReport();

    expect(statusView({ ...VIEW, report, columns: 40 }).join('')).not.toMatch(/[▁-█]/);
    expect(statusView({ ...VIEW, report, unicode: false }).join('')).toMatch(/^[ -~]*$/);
  });
});
