/**
 * The metrics of real programs through an outage: what they say at each moment holds together, and in the end it is
 * what the databases say. The dashboard and the alerts ask for nothing that is not there.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { SERIES_MAX } from '../../lib/ops/metrics/registry.ts';
import { createGateway, isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';
import { linesOf, seriesOf } from '../support/metric-lines.ts';
import { missingFrom } from '../support/promql.ts';

const ROOT = join(import.meta.dirname, '../..');
const POLL_MS = 100;
/** A heartbeat renews the metrics every 10 s; the rest is for a busy machine. */
const SEEN_MAX_MS = 60_000;

const SETTINGS = {
  SENSORGW_DELIVERY_REQUEST_TIMEOUT: '2s',
  SENSORGW_DELIVERY_BATCH_TIMEOUT: '2s',
  SENSORGW_MEMORY_MAX: '512MiB',
};

type Scrape = ReadonlyMap<string, number>;

async function textAt(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  return answer.text();
}

/** Looks again and again, keeps each look, and gives the first that is as wanted. */
async function seen(port: number, looks: Scrape[], wanted: (scrape: Scrape) => boolean): Promise<Scrape> {
  const look = async () => {
    const scrape = seriesOf(await textAt(port));
    looks.push(scrape);
    return wanted(scrape) ? scrape : undefined;
  };
  return vi.waitUntil(look, { interval: POLL_MS, timeout: SEEN_MAX_MS });
}

const of = (scrape: Scrape, series: string) => scrape.get(series) ?? Number.NaN;
/** The sum of all series of a metric that have these words among their labels. */
const sum = (scrape: Scrape, name: string, words = '') =>
  [...scrape]
    .filter(([series]) => series.startsWith(`${name}{`) && series.includes(words))
    .reduce((total, [, value]) => total + value, 0);
const accepted = (scrape: Scrape) => of(scrape, 'sensorgw_readings_accepted_total');
const waiting = (scrape: Scrape) => of(scrape, 'sensorgw_backlog_rows{destination="local"}');
const isIn = (scrape: Scrape, state: string) =>
  of(scrape, `sensorgw_circuit_state{destination="local",state="${state}"}`) === 1;

it.concurrent('an outage is told truly while it lasts, and what is told in the end is what the databases hold', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const api = await gateway.startApi();
  const reader = await gateway.startReader(SETTINGS);
  const { port } = await gateway.startMonitor(SETTINGS);
  const looks: Scrape[] = [];
  await seen(port, looks, (look) => accepted(look) > 0 && isIn(look, 'closed'));

  api.kill('SIGSTOP');
  await reader.line(isEvent('breaker.opened'));
  const during = await seen(port, looks, (look) => !isIn(look, 'closed') && waiting(look) > 0);
  api.kill('SIGCONT');
  await reader.line(isEvent('breaker.closed'));
  const failed = () => reader.lines.filter((line) => line.outcome === 'unavailable').length;
  const failedFirst = failed();
  const after = await seen(port, looks, (look) => isIn(look, 'closed') && waiting(look) === 0);
  const ledger = await gateway.finish(reader, SETTINGS);
  const atApi = seriesOf(await textAt(gateway.port));

  expect(sum(during, 'sensorgw_circuit_state')).toBe(1);
  expect(sum(during, 'sensorgw_delivery_attempts_total', 'outcome="unavailable"')).toBeGreaterThanOrEqual(3);
  expect(of(during, 'sensorgw_circuit_transitions_total{destination="local",to="open"}')).toBeGreaterThan(0);
  expect(during.get('sensorgw_backlog_oldest_timestamp_seconds{destination="local"}')).toBeGreaterThan(1.7e9);
  expect(after.has('sensorgw_backlog_oldest_timestamp_seconds{destination="local"}')).toBe(false);
  for (const look of looks.filter(
    (one) => of(one, 'sensorgw_reader_up') === 1 && one.has('sensorgw_rounds_total'),
  )) {
    // Whatever was accepted has been named as stored or waits; nothing is in both, and nothing in neither.
    expect(accepted(look)).toBe(sum(look, 'sensorgw_readings_delivered_total') + waiting(look));
    expect(sum(look, 'sensorgw_readings_dropped_total')).toBe(0);
  }
  const failures = sum(after, 'sensorgw_delivery_attempts_total', 'outcome="unavailable"');
  expect(failures).toBeGreaterThanOrEqual(failedFirst);
  expect(failures).toBeLessThanOrEqual(failed());
  expect(of(after, 'sensorgw_circuit_transitions_total{destination="local",to="open"}')).toBe(
    ledger.transitions.filter(({ to }) => to === 'open').length,
  );
  const stored = await gateway.stored();
  expect(seqsOf(stored)).toEqual(upTo(ledger.accepted));
  expect(of(atApi, 'sensorgw_api_readings_total{result="stored"}')).toBe(stored.length);
  expect(of(atApi, 'sensorgw_api_readings_total{result="refused"}')).toBe(0);
});

it.concurrent('a reader that has stopped is not up, and leaves none of its numbers behind', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  await gateway.startApi();
  const reader = await gateway.startReader();
  const { port } = await gateway.startMonitor(SETTINGS);
  const looks: Scrape[] = [];
  const before = await seen(port, looks, (look) => look.has('sensorgw_rounds_total'));

  reader.kill('SIGTERM');
  await reader.exited;
  const after = seriesOf(await textAt(port));

  expect(of(before, 'sensorgw_reader_up')).toBe(1);
  expect(of(after, 'sensorgw_reader_up')).toBe(0);
  expect(after.has('sensorgw_rounds_total')).toBe(false);
  expect(existsSync(join(gateway.runDir, 'sensor-main.prom'))).toBe(false);
});

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly datasource?: unknown;
  readonly targets?: readonly { readonly expr: string; readonly datasource: unknown }[];
}

describe('what is shipped for Prometheus and Grafana', () => {
  const dashboardText = readFileSync(join(ROOT, 'deploy/grafana/sensor-gateway.json'), 'utf8');
  const dashboard: { panels: Panel[]; templating: { list: { name: string; type: string }[] } } =
    JSON.parse(dashboardText);
  const rulesFile = join(ROOT, 'deploy/prometheus/sensor-gateway.rules.yaml');
  const rulesText = readFileSync(rulesFile, 'utf8');
  const rules: {
    groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
  } = parse(rulesText);
  const alerts = rules.groups.flatMap((group) => group.rules);

  it.concurrent('asks for nothing that real programs do not show, in the format that promtool takes', async ({
    onTestFinished,
  }) => {
    const gateway = await createGateway({ onTestFinished });
    const reader = await gateway.startReader(SETTINGS);
    await gateway.startApi();
    const { port } = await gateway.startMonitor(SETTINGS);
    const api = gateway.port;
    await reader.count(isStored, 1);
    const looks: Scrape[] = [];
    const tickets = 'sensorgw_tickets_open{severity="critical"}';
    await seen(port, looks, (look) => look.has('sensorgw_rounds_total') && look.has(tickets));
    // What waits is shown only while something does.
    const texts = [await textAt(port), await textAt(api)];
    const series = [...looks, ...texts.map(seriesOf)].flatMap((look) => [...look.keys()]);

    const expressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => [title, expr] as const),
    );
    const asked = [...expressions, ...alerts.map(({ alert, expr }) => [alert, expr] as const)];
    const sometimes = 'sensorgw_backlog_oldest_timestamp_seconds{destination="local"}';
    const missing = asked.flatMap(([where, expression]) =>
      missingFrom([...series, sometimes], expression).map((what) => `${where}: ${what}`),
    );

    expect(expressions.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
    for (const text of texts) expect(linesOf(text).length).toBeLessThan(2 * SERIES_MAX);
    for (const text of texts) expect(promtool(['check', 'metrics'], text) ?? '').toBe('');
  });

  it('names no data source of its own in the dashboard', () => {
    const sources = dashboard.panels.flatMap(({ type, datasource, targets = [] }) =>
      type === 'row' ? [] : [datasource, ...targets.map((target) => target.datasource)],
    );
    const uids = [...dashboardText.matchAll(/"uid": "([^"]*)"/g)].map(([, uid]) => uid);

    expect(dashboard.templating.list.map(({ type }) => type)).toContain('datasource');
    for (const one of sources) expect(one).toMatchObject({ type: 'prometheus' });
    for (const uid of uids) expect(uid).toMatch(/^\$\{datasource\}$/);
    expect(uids.length).toBeGreaterThanOrEqual(sources.length);
  });

  it('has an alert for each row of the runbook, and a row for each alert', () => {
    const runbook = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
    const rows = [...runbook.matchAll(/^\| `(SensorGateway\w+)` \|/gm)].map(([, alert]) => alert);

    expect(runbook).toContain('\n## Alerts\n');
    expect(rows).toEqual(alerts.map(({ alert }) => alert));
    for (const { annotations } of alerts)
      expect(annotations.runbook_url).toMatch(/docs\/operations\.md#alerts$/);
  });

  it('has rules that Prometheus takes', ({ skip }) => {
    if (promtool(['--version']) === undefined) skip('promtool is not installed');

    expect(promtool(['check', 'rules', rulesFile])).toBe('');
  });

  it('has alerts that fire for what they are there for, and not while a person holds the breaker', ({
    skip,
  }) => {
    if (promtool(['--version']) === undefined) skip('promtool is not installed');

    expect(promtool(['test', 'rules', join(ROOT, 'test/fixtures/alerts.test.yaml')])).toBe('');
  });
});

/** What it complains about; `undefined` where there is none. */
function promtool(args: readonly string[], input = ''): string | undefined {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return status === 0 ? '' : `${stdout}${stderr}`;
}
