/**
 * A small SMTP server on loopback, as much of RFC 5321 as a client asks of one: it keeps what it is sent, asks for a
 * password if told to, speaks TLS if it has a certificate, and can be told to misbehave.
 */

import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { listenOnLoopback } from './loopback.ts';
import type { OnTestFinished } from './temp-dir.ts';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and text, as they came. */
  readonly data: string;
  readonly encrypted: boolean;
  readonly user: string | undefined;
}

export type MailScript =
  | { readonly as: 'takes' }
  /** This answer to this verb; to data at its end. */
  | { readonly as: 'answers'; readonly verb: string; readonly answer: string }
  /** Takes the mail, and closes the connection instead of saying so. */
  | { readonly as: 'takes, says nothing' }
  /** Never says a word. */
  | { readonly as: 'silent' };

export interface MailServer {
  readonly port: number;
  readonly mails: readonly Mail[];
  script(next: MailScript): void;
}

export interface MailServerOptions {
  readonly password?: { readonly user: string; readonly pass: string };
  /** PEM; it then offers STARTTLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Of a test that runs beside others. */
  readonly onTestFinished?: OnTestFinished;
}

export async function startMailServer({
  onTestFinished,
  ...options
}: MailServerOptions = {}): Promise<MailServer> {
  const mails: Mail[] = [];
  let script: MailScript = { as: 'takes' };

  function converse(plain: Socket): void {
    let socket: Socket = plain;
    let encrypted = false;
    let user: string | undefined;
    let envelope = { from: '', to: [] as string[] };
    let data: string[] | undefined;
    let pending = '';
    const say = (line: string) => void socket.write(`${line}\r\n`);

    function onLine(line: string): void {
      if (data !== undefined) {
        if (line !== '.') data.push(line.replace(/^\./, ''));
        else endData(data.join('\n'));
        return;
      }
      const verb = (line.split(/[ :]/)[0] ?? '').toUpperCase();
      if (script.as === 'answers' && script.verb === verb && verb !== 'DATA') say(script.answer);
      else answer(verb, line);
    }

    function answer(verb: string, line: string): void {
      const addressIn = /<([^>]*)>/.exec(line)?.[1] ?? '';
      switch (verb) {
        case 'EHLO': {
          const tls = options.tls !== undefined && !encrypted ? ['STARTTLS'] : [];
          const offers = ['mail.test', ...tls, ...(options.password === undefined ? [] : ['AUTH PLAIN'])];
          for (const [i, offer] of offers.entries()) say(`250${i === offers.length - 1 ? ' ' : '-'}${offer}`);
          break;
        }
        case 'STARTTLS': {
          say('220 go on');
          plain.removeAllListeners('data');
          socket = new TLSSocket(plain, { isServer: true, ...options.tls });
          socket.on('error', () => {});
          encrypted = true;
          listen();
          break;
        }
        case 'AUTH': {
          const [, name, pass] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
            .toString()
            .split('\0');
          const ok = name === options.password?.user && pass === options.password?.pass;
          if (ok) user = name;
          say(ok ? '235 welcome' : `535 5.7.8 not with the password ${pass}`);
          break;
        }
        case 'MAIL':
          envelope = { from: addressIn, to: [] };
          say(options.password !== undefined && user === undefined ? '530 who are you?' : '250 ok');
          break;
        case 'RCPT':
          envelope.to.push(addressIn);
          say('250 ok');
          break;
        case 'DATA':
          data = [];
          say('354 end with a dot');
          break;
        case 'QUIT':
          say('221 bye');
          socket.end();
          break;
        default:
          say('250 ok');
      }
    }

    function endData(text: string): void {
      data = undefined;
      if (script.as === 'answers' && script.verb === 'DATA') {
        say(script.answer);
        return;
      }
      mails.push({ ...envelope, data: text, encrypted, user });
      if (script.as === 'takes, says nothing') socket.destroy();
      else say('250 2.0.0 queued as 12345');
    }

    function listen(): void {
      socket.on('data', (part: Buffer) => {
        const lines = (pending + part.toString('latin1')).split('\r\n');
        pending = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      });
    }

    plain.on('error', () => {});
    if (script.as === 'silent') return;
    listen();
    say('220 mail.test');
  }

  const port = await listenOnLoopback(createServer(converse), onTestFinished);
  return {
    port,
    mails,
    script(next) {
      script = next;
    },
  };
}
