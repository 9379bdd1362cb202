/**
 * Quiet hours as configured: one list for all sources and one for all destinations, which a source or a
 * destination may replace by its own. Here they are held against each other, and become what the parts ask.
 */

import type { ReportProblem } from '../../lib/base/config.ts';
import type { Path } from '../../lib/base/config-file.ts';
import { coverAll, overlapOf } from '../../lib/base/day-windows.ts';
import { createZone, machineZone } from '../../lib/base/local-time.ts';
import { createQuietHours, type QuietHours } from '../../lib/base/quiet-hours.ts';
import type { ValueOf } from '../../lib/base/setting.ts';
import type { Moment } from '../../lib/base/steady-wall.ts';
import type { SETTINGS } from './settings.ts';
import { NEVER, windowsOf } from './time-rules.ts';

type Settings = ValueOf<typeof SETTINGS>;
type QuietSettings = Pick<Settings, 'quietHours' | 'sources' | 'destinations'>;

/** Somebody with windows of its own, or with those of all. */
type Own = { readonly quietHours?: readonly string[] | undefined };

export interface QuietPlan {
  /** `undefined`: it has none. */
  ofSource(source: Own): QuietHours | undefined;
  ofDestination(destination: Own): QuietHours | undefined;
}

/** `moment`: the time of which it is known whether somebody vouches for it. */
export function planQuietHours(
  { quietHours }: Pick<Settings, 'quietHours'>,
  moment: () => Moment,
): QuietPlan {
  const zone = createZone(quietHours.zone ?? machineZone());
  const from = (texts: readonly string[] = []): QuietHours | undefined => {
    const windows = windowsOf(texts);
    return windows.length === 0 ? undefined : createQuietHours({ windows, zone, moment });
  };
  return {
    ofSource: (source) => from(source.quietHours ?? quietHours.sampling),
    ofDestination: (destination) => from(destination.quietHours ?? quietHours.delivery),
  };
}

export function hasQuietHours(settings: QuietSettings): boolean {
  return listsOf(settings).some(({ texts }) => windowsOf(texts).length > 0);
}

/** What must hold between the windows of each list, and between them and the clock. */
export function checkQuietHours(
  settings: QuietSettings & Pick<Settings, 'clock'>,
  report: ReportProblem,
): void {
  for (const { path, texts } of listsOf(settings)) checkWindows(path, texts, settings, report);
}

/** The same for one list, at `path`. */
export function checkWindows(
  path: Path,
  texts: readonly string[],
  { clock }: Pick<Settings, 'clock'>,
  report: ReportProblem,
): void {
  const windows = windowsOf(texts);
  if (windows.length > 0 && windows.length < texts.length)
    report([[...path, texts.indexOf(NEVER)]], `"${NEVER}" stands beside windows. Keep one or the other.`);
  const [one, other] = overlapOf(windows) ?? [];
  if (one !== undefined && other !== undefined) {
    const at = texts.lastIndexOf(other.text);
    report([[...path, at]], `"${other.text}" and "${one.text}" overlap. Let one end where the other begins.`);
  }
  if (coverAll(windows)) {
    report([path], 'nothing is left of the week. Whatever should never work is better left out.');
  }
  if (windows.length > 0 && clock.trust === 'never') {
    report(
      [path, ['clock', 'trust']],
      'quiet hours need a clock that somebody vouches for, and clock.trust is "never".',
    );
  }
}

interface WrittenList {
  readonly path: Path;
  readonly texts: readonly string[];
}

function listsOf({ quietHours, sources, destinations }: QuietSettings): readonly WrittenList[] {
  const list = (texts: readonly string[] | undefined, ...path: Path): WrittenList[] =>
    texts === undefined ? [] : [{ path, texts }];
  return [
    ...list(quietHours.sampling, 'quiet_hours', 'sampling'),
    ...list(quietHours.delivery, 'quiet_hours', 'delivery'),
    ...sources.flatMap((one, i) => list(one.quietHours, 'sources', i, 'quiet_hours')),
    ...destinations.flatMap((one, i) => list(one.quietHours, 'destinations', i, 'quiet_hours')),
  ];
}
