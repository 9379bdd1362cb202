/**
 * `sensorctl notify test`: sends a message on each channel, or on one, and says what came back. It goes out from
 * here and now, whatever waits: neither quiet hours nor the once-an-hour hold it back, and nothing is kept of it.
 */

import { systemClock } from '../../lib/base/clock.ts';
import { EXIT, messageOf } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { systemdNetwork } from '../../lib/ops/doctor/checks/systemd-network.ts';
import { examine } from '../../lib/ops/doctor/examine.ts';
import { createSystemProbe } from '../../lib/ops/doctor/system-probe.ts';
import type { SendOutcome } from '../../lib/ops/notify/channel.ts';
import { SEND_MAX_MS } from '../../lib/ops/notify/limits.ts';
import type { Message } from '../../lib/ops/notify/message.ts';
import type { ChannelSettings } from '../wiring/notify-settings.ts';
import { type Command, type CommandContext, textOption, usageError } from './command.ts';
import { subjectOf } from './doctor-subject.ts';
import { readConfig } from './places.ts';

interface Tried {
  readonly channel: string;
  readonly type: string;
  readonly to: string;
  readonly outcome: SendOutcome;
  readonly durationMs: number;
}

export const notifyTest: Command = {
  name: 'notify test',
  about: 'send a message on each channel of notifications, or on one, and say what came back',
  options: {},
  operand: 'CHANNEL',
  examples: [
    ['sensorctl notify test', 'does every channel get through?'],
    ['sudo sensorctl notify test phone', 'one channel; its token may only be read by root'],
  ],
  async run(context) {
    const { config } = readConfig(context);
    const channels = chosen(context, config.notifications.channels);
    const message = testMessage(config.gateway, context.wallMs());
    // Side by side: each takes up to its deadline.
    const tried = await Promise.all(channels.map((one) => tryOut(one, message)));
    if (context.json) await context.terminal.out(JSON.stringify({ channels: tried.map(asJson) }));
    else for (const one of tried) await context.terminal.out(inWords(one));
    await noteUnit(context);
    return tried.every(({ outcome }) => outcome.kind === 'sent') ? EXIT.ok : EXIT.failed;
  },
};

/** This command does not run in the unit of the monitor: what gets through here may be forbidden there. */
async function noteUnit(context: CommandContext): Promise<void> {
  const probe = createSystemProbe({ clock: systemClock, environment: context.environment });
  for (const { verdict, evidence, fix } of await examine(
    [systemdNetwork],
    probe,
    subjectOf(context),
    systemClock,
  ))
    if (verdict === 'warn') context.terminal.note(`But ${evidence}. Mend it: ${fix}`);
}

/** Throws `SGW_USAGE` if there is none, or none of that name. */
function chosen(context: CommandContext, all: readonly ChannelSettings[]): readonly ChannelSettings[] {
  const wanted = textOption(context, 'CHANNEL');
  if (all.length === 0)
    throw usageError('no channel is configured: see "notifications" in docs/settings.md', 'notify test');
  if (wanted === undefined) return all;
  const found = all.filter(({ name }) => name === wanted);
  if (found.length > 0) return found;
  const names = all.map(({ name }) => name).join(', ');
  throw usageError(`no channel is named "${printable(wanted, 60)}"; there is ${names}`, 'notify test');
}

async function tryOut(settings: ChannelSettings, message: Message): Promise<Tried> {
  const { name: channel, type } = settings;
  const fromMono = systemClock.monotonicMs();
  const took = () => Math.round(systemClock.monotonicMs() - fromMono);
  try {
    const { openChannel } = await import('../wiring/channels.ts');
    const opened = await openChannel(settings, systemClock);
    const outcome = await opened.send(message, SEND_MAX_MS);
    const settled = outcome ?? { kind: 'failed', reason: 'it was broken off' };
    return { channel, type, to: opened.to, outcome: settled, durationMs: took() };
  } catch (error) {
    // A file that cannot be read is the news about this channel, and no reason to leave out the others.
    const outcome = { kind: 'failed', reason: messageOf(error) } as const;
    return { channel, type, to: '', outcome, durationMs: took() };
  }
}

function testMessage(gateway: string, at: number): Message {
  return {
    id: systemRandom.streamId(),
    at,
    gateway,
    subject: `[${gateway}] test: notifications of sensor-gateway arrive here`,
    text: 'Somebody has typed "sensorctl notify test". Nothing is wrong.',
    severity: 'info',
    over: false,
    tickets: [],
    more: 0,
  };
}

function inWords({ channel, type, to, outcome, durationMs }: Tried): string {
  const where = `${channel} (${type}${to === '' ? '' : `, ${to}`})`;
  const said = outcome.kind === 'sent' ? `sent: ${outcome.said}` : `NOT sent: ${outcome.reason}`;
  return printable(`${where}: ${said}, after ${durationMs} ms`);
}

function asJson({ channel, type, to, outcome, durationMs }: Tried): object {
  const sent = outcome.kind === 'sent';
  return { channel, type, to, sent, said: sent ? outcome.said : outcome.reason, duration_ms: durationMs };
}
