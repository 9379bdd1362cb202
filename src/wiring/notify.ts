/**
 * Notifications, put together; loaded when somebody has configured a channel. Quiet hours ask for a clock that
 * somebody vouches for, as the reader's do.
 */

import { join } from 'node:path';
import type { Clock } from '../../lib/base/clock.ts';
import { noteDamage } from '../../lib/base/damaged-file.ts';
import { createZone, machineZone } from '../../lib/base/local-time.ts';
import type { Logger } from '../../lib/base/logger.ts';
import { createLoop, type Loop, type Pulse } from '../../lib/base/loop.ts';
import { createQuietHours, type QuietHours } from '../../lib/base/quiet-hours.ts';
import { RELEASED_AT } from '../../lib/base/released-at.ts';
import { createSteadyWall } from '../../lib/base/steady-wall.ts';
import { createClockTrust } from '../../lib/ops/clock-trust.ts';
import type { ChannelLook } from '../../lib/ops/invariants/look.ts';
import { openNotifyLedger } from '../../lib/ops/notify/ledger.ts';
import { createNotifier, type NotifyEvent } from '../../lib/ops/notify/notifier.ts';
import type { ChannelStatus } from '../../lib/ops/notify/teller.ts';
import type { TicketBook } from '../../lib/ops/tickets/ticket-book.ts';
import { openChannel } from './channels.ts';
import { NOTIFY_FILE } from './names.ts';
import type { ProgramContext } from './program.ts';
import { windowsOf } from './time-rules.ts';

export interface Notifications {
  readonly loops: readonly Loop[];
  status(): readonly ChannelStatus[];
  /** The same, for who takes a look. */
  looks(): readonly ChannelLook[];
  /** There may be something to tell. */
  nudge(): void;
  /** After the loops have ended. */
  close(): void;
}

/** Throws `SGW_CONFIG_INVALID` if a file that a channel names cannot be right. */
export async function openNotifications(
  context: ProgramContext,
  pulse: Pulse,
  book: TicketBook,
): Promise<Notifications> {
  const { config, clock, log, random } = context;
  const { channels, intervalMs } = config.notifications;
  const file = join(config.dataDir, NOTIFY_FILE);
  const recipients = await Promise.all(
    channels.map(async (one) => ({ channel: await openChannel(one, clock), severity: one.severity })),
  );
  const quiet = quietHoursOf(context, pulse);
  const notifier = createNotifier({
    book,
    openLedger: () =>
      openNotifyLedger({
        file,
        wallMs: clock.wallMs,
        onQuarantined: (dir, reason) =>
          log.error({ dir, reason }, `what was told so far is set aside in ${dir}: its file was damaged`),
      }),
    noteDamage: (error) => noteDamage(file, error),
    recipients,
    clock,
    random,
    pulse,
    gateway: config.gateway,
    zone: createZone(config.quietHours.zone ?? machineZone()),
    intervalMs,
    quiet: quiet?.hours,
    onEvent: sayIn(log),
  });
  return {
    loops: quiet === undefined ? [notifier.loop] : [notifier.loop, quiet.loop],
    status: notifier.status,
    looks: () => notifier.status().map((one) => lookOf(one, clock.wallMs())),
    nudge: notifier.loop.nudge,
    close: notifier.close,
  };
}

/** Readings notice a clock that jumps at once; who is told of something may wait a minute. */
const TRUSTED_LOOK_MS = 60_000;
const UNTRUSTED_LOOK_MS = 10_000;
/** A look has deadlines of seven seconds in all. */
const LOOK_TURN_MAX_MS = 30_000;

function quietHoursOf(
  { config, clock, suspendedMs }: ProgramContext,
  pulse: Pulse,
): { readonly hours: QuietHours; readonly loop: Loop } | undefined {
  const windows = windowsOf(config.notifications.quietHours ?? []);
  if (windows.length === 0) return undefined;
  const zone = createZone(config.quietHours.zone ?? machineZone());
  const trust = createClockTrust({ mode: config.clock.trust, floorAt: RELEASED_AT, clock });
  const wall = createSteadyWall({ clock, suspendedMs, onChange: () => {} });
  return {
    hours: createQuietHours({ windows, zone, moment: () => wall.moment() }),
    loop: createTrustLoop(clock, pulse, async () => {
      wall.moment();
      const stepped = wall.jumpedMs() !== undefined;
      if (!wall.trusted() || stepped) wall.judge(await trust.look({ stepped }));
      return wall.trusted();
    }),
  };
}

function createTrustLoop(clock: Clock, pulse: Pulse, look: () => Promise<boolean>): Loop {
  return createLoop({
    name: 'notify clock',
    clock,
    pulse,
    turnMaxMs: LOOK_TURN_MAX_MS,
    turn: async () => clock.monotonicMs() + ((await look()) ? TRUSTED_LOOK_MS : UNTRUSTED_LOOK_MS),
  });
}

function lookOf({ channel, failures, failingAt, reason }: ChannelStatus, nowAt: number): ChannelLook {
  const failingMs = failingAt === null ? undefined : Math.max(0, nowAt - failingAt);
  return { name: channel, failures, failingMs, reason };
}

function sayIn(log: Logger): (event: NotifyEvent) => void {
  return (event) => {
    const { type, ...fields } = event;
    const entry = { event: `notification.${type}`, ...fields };
    switch (event.type) {
      case 'sent': {
        const { channel, tickets } = event;
        return log.info(entry, `${channel} was told of ${tickets} ${tickets === 1 ? 'ticket' : 'tickets'}`);
      }
      case 'failed':
        return log.warn(entry, `${event.channel} cannot be told: ${event.reason}`);
      case 'recovered':
        return log.info(entry, `${event.channel} can be told again, after ${event.failures} failures`);
      case 'given_up':
        return log.error(
          entry,
          `${event.channel} does not take a message, which is given up: ${event.reason}`,
        );
      case 'disk_failed':
        return log.error(entry, `nobody is told of anything while the disk refuses it: ${event.message}`);
    }
  };
}
