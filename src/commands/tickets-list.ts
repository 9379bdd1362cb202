/** `sensorctl tickets list`: what is wrong at present, the worst first; with `--all` what was, too. */

import { EXIT } from '../../lib/base/errors.ts';
import { printableJson } from '../../lib/base/printable.ts';
import { TICKET_STATES, type Ticket, type TicketState } from '../../lib/ops/tickets/ticket.ts';
import { MONITOR } from '../wiring/names.ts';
import { type Command, type CommandContext, countOption, textOption, usageError } from './command.ts';
import { findPlaces } from './places.ts';
import { type ProgramState, programState } from './running.ts';
import { painter } from './severity-colour.ts';
import { lookAtTickets } from './ticket-file.ts';
import { byUrgency, listed, openInWords, ticketAsJson, UNRESOLVED } from './ticket-words.ts';
import { count, parseMoment } from './words.ts';

const LIMIT = 100;
/** All of them are held in memory; there are never more. */
const LIMIT_MAX = 2_000;

export const ticketsList: Command = {
  name: 'tickets list',
  about: 'what is wrong, the worst first',
  options: {
    all: { about: 'those that are resolved, too; the newest first' },
    state: { value: 'STATE', about: `only these: ${TICKET_STATES.join(', ')}`, choices: TICKET_STATES },
    since: { value: 'TIME', about: 'only those that were seen since: 5m, 2h, 7d ago, or an ISO time' },
    limit: { value: 'N', about: `at most so many (default ${LIMIT}, at most ${LIMIT_MAX})` },
  },
  examples: [
    ['sensorctl tickets list', 'does anything need me?'],
    ['sensorctl tickets list --all --since 7d', 'what was wrong in the last week'],
  ],
  async run(context) {
    const limit = Math.min(LIMIT_MAX, countOption(context, 'limit', LIMIT, 'tickets list'));
    const states = statesOf(context);
    const since = textOption(context, 'since');
    const nowMs = context.wallMs();
    const sinceAt = since === undefined ? undefined : parseMoment('--since', since, nowMs, 'tickets list');
    const places = findPlaces(context);
    const monitor = programState(places.runDir, MONITOR, nowMs).state;
    const { tickets, open } = await lookAtTickets(places, (view) => ({
      tickets: view.list({
        limit,
        ...(states === undefined ? {} : { states }),
        ...(sinceAt === undefined ? {} : { sinceAt }),
      }),
      open: view.list({ limit: LIMIT_MAX, states: UNRESOLVED }).toSorted(byUrgency),
    }));
    const sorted = states === undefined ? tickets : tickets.toSorted(byUrgency);
    if (context.json) await context.terminal.out(asJson(sorted, open, monitor));
    else await say(context, sorted, open);
    // Old news would otherwise pass for the truth.
    if (!context.json && monitor !== 'running')
      context.terminal.note(
        `The monitor is ${monitor}: nothing new is found, and nothing is resolved by itself.`,
      );
    return EXIT.ok;
  },
};

/** `undefined`: all. */
function statesOf(context: CommandContext): readonly TicketState[] | undefined {
  const wanted = textOption(context, 'state');
  if (wanted === undefined) return context.options.all === true ? undefined : UNRESOLVED;
  const state = TICKET_STATES.find((one) => one === wanted);
  if (state === undefined) throw usageError(`--state: there is ${TICKET_STATES.join(', ')}`, 'tickets list');
  return [state];
}

async function say(
  { terminal, wallMs, options }: CommandContext,
  tickets: readonly Ticket[],
  open: readonly Ticket[],
): Promise<void> {
  for (const line of listed(tickets, { nowMs: wallMs(), terminal }, painter(terminal)))
    await terminal.out(line);
  if (open.length === 0) {
    terminal.note(`No tickets are open${tickets.length > 0 ? '.' : othersInWords(options)}`);
    return;
  }
  const shown = tickets.length === open.length ? '' : `; ${count(tickets.length, 'ticket')} shown`;
  terminal.note(`${openInWords(open)}${shown}. More about one: sensorctl tickets show TKT-${open[0]?.id}`);
}

/** Of a list that is empty. */
function othersInWords({ all, state, since }: CommandContext['options']): string {
  if (state !== undefined || since !== undefined) return ', and no others are as asked for.';
  return all === true ? ', and there were none.' : '. Those that were: sensorctl tickets list --all';
}

function asJson(tickets: readonly Ticket[], open: readonly Ticket[], monitor: ProgramState['state']): string {
  const critical = open.filter(({ severity }) => severity === 'critical').length;
  return printableJson(
    JSON.stringify({ open: open.length, critical, monitor, tickets: tickets.map(ticketAsJson) }),
  );
}
