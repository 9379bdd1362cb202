/** What tickets are called: `TKT-12` wherever a person reads it, a number everywhere else. */

import { GatewayError } from '../../base/errors.ts';

/** A number that SQLite could have given. */
const NAME = /^(?:tkt-)?([1-9]\d{0,14})$/i;

export function ticketName(id: number): string {
  return `TKT-${id}`;
}

/** Of `TKT-12`, `tkt-12` or `12`; `undefined` for anything else. */
export function parseTicketName(text: string): number | undefined {
  const digits = NAME.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function missingTicket(id: number): GatewayError {
  return new GatewayError('SGW_TICKET_MISSING', `there is no ticket ${ticketName(id)}`, {
    hint: 'sensorctl tickets list --all shows those there are.',
  });
}
