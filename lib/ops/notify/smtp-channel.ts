/**
 * Mail, over SMTP; nodemailer's only home, loaded when somebody has configured it. A connection for each message,
 * encrypted from the first byte (smtps) or after the greeting (smtp), where only a server on this very machine may
 * do without. The `Message-ID` is the message's own: a mail that comes twice is shown once by most programs.
 */

import { createTransport, type SendMailOptions } from 'nodemailer';
import { withDeadline } from '../../base/deadline.ts';
import type { Severity } from '../tickets/ticket.ts';
import type { Channel, ChannelBasics, SendOutcome } from './channel.ts';
import { failureInWords, oneLine } from './failure-words.ts';
import type { Message } from './message.ts';

export interface SmtpOptions extends ChannelBasics {
  readonly from: string;
  readonly to: readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** By custom: encrypted from the beginning, and after a greeting. */
const PORTS: Readonly<Record<string, number>> = { 'smtps:': 465, 'smtp:': 587 };
/** By the letter of RFC 5321: a mail that cannot be read by anybody, whoever it is sent to. */
const VERDICTS: ReadonlySet<number> = new Set([552, 554]);
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/;

const PRIORITY: Readonly<Record<Severity, 'high' | 'normal' | 'low'>> = {
  critical: 'high',
  warning: 'normal',
  info: 'low',
};

export function createSmtpChannel(options: SmtpOptions): Channel {
  const { name, clock, user, password, from, to } = options;
  const { protocol, hostname, port } = new URL(options.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    host,
    port: port === '' ? PORTS[protocol] : Number(port),
    secure,
    requireTLS: !secure && !LOOPBACK.test(host),
    // Whatever a server offers in the clear, its certificate counts once it offers more.
    tls: { minVersion: 'TLSv1.2', ...(options.ca === undefined ? {} : { ca: options.ca }) },
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    // What we send is text of our own; a hand in it must not make the program read files or ask addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  });

  async function mail(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    const domain =
      from
        .split('@')
        .at(-1)
        ?.replace(/[<>\s]/g, '') || 'localhost';
    const data: SendMailOptions & { readonly signal: AbortSignal } = {
      from,
      to: [...to],
      subject: message.subject,
      text: `${message.text}\n\n-- \n${message.gateway}, sensor-gateway ${options.version}\n`,
      messageId: `<${message.id}@${domain}>`,
      date: new Date(message.at),
      priority: message.over ? 'low' : PRIORITY[message.severity],
      // So that a holiday notice does not answer (RFC 3834).
      headers: { 'Auto-Submitted': 'auto-generated' },
      signal,
    };
    const { accepted, rejected, response } = await transport.sendMail(data);
    const said = oneLine(response, [password ?? '']);
    if (accepted.length === 0) return { kind: 'failed', reason: `it takes no recipient: ${said}` };
    return {
      kind: 'sent',
      said: rejected.length === 0 ? said : `${said}; not for ${rejected.length} of ${to.length}`,
    };
  }

  return {
    name,
    type: 'smtp',
    to: `${protocol}//${hostname}${port === '' ? '' : `:${port}`}`,
    async send(message, deadlineMs, stopping) {
      try {
        const timed = await withDeadline(clock, 'mail', deadlineMs, (late) => mail(message, late), stopping);
        if (!timed.late) return timed.value;
        return stopping?.aborted
          ? undefined
          : { kind: 'failed', reason: `no answer within ${deadlineMs / 1_000} s` };
      } catch (error) {
        const verdict = VERDICTS.has(Number((error as { responseCode?: unknown }).responseCode));
        return { kind: 'failed', reason: failureInWords(error, [password ?? '']), verdict };
      }
    },
  };
}
