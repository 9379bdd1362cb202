/** `npm run incident`: the hang of 2026-01-15, replayed with the old design and with this reader. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OLD_DESIGN, THIS_READER } from './contender.ts';
import { plotOf } from './plot.ts';
import { replay } from './replay.ts';
import { jsonOf, type Report, tableOf } from './report.ts';

/** From sysexits.h, as everywhere in this project. */
const EXIT_USAGE = 64;
/** As a shell reports Ctrl-C. */
const EXIT_INTERRUPTED = 130;

const USAGE = `Usage: npm run incident [-- --outage SECONDS] [--scale N] [--plot FILE] [--json]

Starts the write API, freezes it (SIGSTOP) under a model of the old design and then under this reader,
and shows what became of each. Takes about twice the outage, and half a minute.

  --outage SECONDS  how long the API hangs, from 10 to 3600, in the time of the incident (default 300)
  --scale N         everything goes N times faster: intervals, timeouts, the outage; 1 to 10 (default 10)
  --plot FILE       write the course of it as an SVG picture
  --json            print the figures as JSON instead of a table

The incident at its own pace: npm run incident -- --scale 1`;

export interface MainOptions {
  readonly root: string;
  readonly oldReader: string;
  readonly args: readonly string[];
}

/** Resolves with the exit code. */
export async function main({ root, oldReader, args }: MainOptions): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupted.abort());
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-incident-'));
  const { scale } = options;
  const outageMs = options.outageMs / scale;
  const replayed = (contender: typeof OLD_DESIGN, name: string) => {
    console.error(`Freezing the write API for ${outageMs / 1_000} s under ${contender.name}.`);
    const place = { root, oldReader, scale, dir: join(dir, name) };
    return replay(contender, { ...place, outageMs, signal: interrupted.signal });
  };
  try {
    const old = await replayed(OLD_DESIGN, 'old');
    const own = await replayed(THIS_READER, 'own');
    const report: Report = { outageMs, scale, old, own };
    console.log(options.json ? JSON.stringify(jsonOf(report)) : `\n${tableOf(report)}`);
    if (options.plot !== undefined) writeFileSync(options.plot, plotOf(report));
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
    throw error;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A sentence if the arguments are wrong. `outageMs` is in the time of the incident. */
function readOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        outage: { type: 'string', default: '300' },
        scale: { type: 'string', default: '10' },
        plot: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const seconds = Number(values.outage);
    // A round needs a second at least, and is 10 s of the incident.
    const scale = Number(values.scale);
    if (!(seconds >= 10 && seconds <= 3_600))
      return `--outage must be from 10 to 3600 seconds, not "${values.outage}".`;
    if (!(scale >= 1 && scale <= 10)) return `--scale must be from 1 to 10, not "${values.scale}".`;
    return { help: values.help, json: values.json, plot: values.plot, scale, outageMs: seconds * 1_000 };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
