/** The settings of notifications: who is told of tickets, where and how often, and what must hold between them. */

import type { ReportProblem } from '../../lib/base/config.ts';
import type { Path } from '../../lib/base/config-file.ts';
import { messageOf } from '../../lib/base/errors.ts';
import { list, section, type ValueOf } from '../../lib/base/setting.ts';
import { choice, duration, several, shown, type TextRules, text } from '../../lib/base/setting-kinds.ts';
import { topicOf } from '../../lib/ops/notify/ntfy-channel.ts';
import { parseTemplate } from '../../lib/ops/notify/template.ts';
import { SEVERITIES } from '../../lib/ops/tickets/ticket.ts';
import { windows } from './quiet-settings.ts';
import { NAME, PATH } from './text-rules.ts';

const CHANNEL_TYPES = ['webhook', 'ntfy', 'smtp'] as const;
type ChannelType = (typeof CHANNEL_TYPES)[number];

/** Protocols by type. */
const SCHEMES: Readonly<Record<ChannelType, readonly string[]>> = {
  webhook: ['https:', 'http:'],
  ntfy: ['https:', 'http:'],
  smtp: ['smtps:', 'smtp:'],
};

/** Never repeated in a message: the path of a webhook is often all the secret there is. */
const ADDRESS: TextRules = {
  values: 'https://HOST/PATH, or smtps://HOST and smtp://HOST for mail',
  problem: (line) => {
    if (!URL.canParse(line)) return `is not an address. Use ${ADDRESS.values}.`;
    const url = new URL(line);
    if (!Object.values(SCHEMES).flat().includes(url.protocol))
      return `"${url.protocol}//" is not supported. Use ${ADDRESS.values}.`;
    if (url.hostname === '') return `names no host. Use ${ADDRESS.values}.`;
    if (url.username || url.password)
      return 'holds a user or a password. Put a token into token_file, a password into password_file.';
    return undefined;
  },
};

const MAILBOX: TextRules = {
  values: 'name@host or Name <name@host>',
  problem: (line) =>
    // A line break would begin a header of its own.
    /^(?:[^<>\p{C}]{0,100}<[^\s<>@,]{1,64}@[^\s<>@,]{1,253}>|[^\s<>@,]{1,64}@[^\s<>@,]{1,253})$/u.test(line)
      ? undefined
      : `${shown(line)} is no address of mail. Use ${MAILBOX.values}.`,
};

const LINE: TextRules = {
  values: 'one line',
  problem: (line) => (/^[^\p{C}]{1,200}$/u.test(line) ? undefined : `${shown(line)} is not one line.`),
};

const TEMPLATE: TextRules = {
  values: 'JSON with {{subject}} and the like in it',
  problem: (body) => {
    if (body.length > TEMPLATE_LENGTH_MAX) return `is longer than ${TEMPLATE_LENGTH_MAX} characters.`;
    try {
      parseTemplate(body);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  },
};
/** The longest that anybody has written by hand, many times. */
const TEMPLATE_LENGTH_MAX = 16_384;

export const NOTIFICATIONS = section(
  'Who is told of tickets, and how often. Nobody is unless a channel is named; try each with sensorctl notify test.',
  {
    intervalMs: duration({
      initial: '1h',
      min: '1m',
      max: '7d',
      about:
        'A thing is told once in so long, unless it becomes worse, and its end once; what comes in between is told together.',
    }),
    quietHours: windows({
      about: 'When only what is critical is told, and the rest waits. They hold while the clock is trusted.',
      initialNote: 'none',
      example: ['22:00-07:00'],
    }),
    channels: list({
      about: 'Where to. They are independent: one that fails never holds up another.',
      entriesMax: 8,
      initial: [],
      example: [{ name: 'phone', type: 'ntfy', url: 'https://ntfy.sh/a-topic-that-nobody-guesses' }],
      entry: {
        name: text({ ...NAME, about: 'Unique among the channels.' }),
        type: choice({
          of: CHANNEL_TYPES,
          about: 'webhook: JSON to an address. ntfy: a topic, for phones. smtp: mail.',
        }),
        url: text({
          ...ADDRESS,
          about: 'The address; for ntfy with the topic, for mail smtps://HOST[:PORT] or smtp://HOST[:PORT].',
          initialNote: 'what `url_file` holds',
          example: 'https://ntfy.sh/a-topic-that-nobody-guesses',
        }),
        urlFile: text({
          ...PATH,
          about: 'A file that holds the address, where that is a secret, readable by us alone.',
          initialNote: 'none; then `url` is needed',
          example: '/etc/sensor-gateway/chat-webhook',
        }),
        severity: choice({
          of: SEVERITIES,
          initial: 'warning',
          about: 'The least that is told on it.',
        }),
        tokenFile: text({
          ...PATH,
          about: 'webhook, ntfy: a file that holds the bearer token, readable by us alone.',
          initialNote: 'no token',
          example: '/etc/sensor-gateway/ntfy-token',
        }),
        caFile: text({
          ...PATH,
          about: 'A PEM file with the authority that signed its certificate.',
          initialNote: "the system's authorities",
          example: '/etc/sensor-gateway/ca.pem',
        }),
        body: text({
          ...TEMPLATE,
          about: 'webhook only: the JSON to send; docs/notifications.md lists what is filled in.',
          initialNote: 'all there is to tell',
          example: '{"text": "{{subject}}"}',
        }),
        from: text({
          ...MAILBOX,
          about: 'smtp only: whose mail it is.',
          initialNote: 'none; a mail must have one',
          example: 'Greenhouse <pi@example.org>',
        }),
        to: several({
          of: text({ ...MAILBOX, about: '' }),
          countMax: 10,
          about: 'smtp only: who gets it.',
          initialNote: 'nobody; a mail must have one',
          example: ['me@example.org'],
        }),
        user: text({
          ...LINE,
          about: 'smtp only: the name to log in with.',
          initialNote: 'without logging in',
          example: 'pi@example.org',
        }),
        passwordFile: text({
          ...PATH,
          about: 'smtp only: a file that holds the password, readable by us alone.',
          initialNote: 'without logging in',
          example: '/etc/sensor-gateway/mail-password',
        }),
      },
    }),
  },
);

export type NotificationSettings = ValueOf<typeof NOTIFICATIONS>;
export type ChannelSettings = NotificationSettings['channels'][number];

/** Files of channels that hold secrets. */
export function secretFilesOf({ channels }: NotificationSettings): readonly string[] {
  return channels
    .flatMap(({ tokenFile, urlFile, passwordFile }) => [tokenFile, urlFile, passwordFile])
    .filter((file) => file !== undefined);
}

/** What may be a secret in addresses that stand in the settings themselves: a topic, the path of a webhook. */
export function secretPathsOf({ channels }: NotificationSettings): readonly string[] {
  return channels.flatMap(({ url }) => {
    if (url === undefined) return [];
    const { pathname, search } = new URL(url);
    return [pathname.slice(1), search.slice(1)];
  });
}

/** What only some types have. */
const OWN: Readonly<Record<ChannelType, readonly (keyof ChannelSettings)[]>> = {
  webhook: ['tokenFile', 'body'],
  ntfy: ['tokenFile'],
  smtp: ['from', 'to', 'user', 'passwordFile'],
};
const SOMEBODYS_OWN = [...new Set(Object.values(OWN).flat())];
const KEYS: Readonly<Record<string, string>> = { tokenFile: 'token_file', passwordFile: 'password_file' };

export function checkNotifications({ channels }: NotificationSettings, report: ReportProblem): void {
  for (const [i, channel] of channels.entries()) {
    const path = (...rest: Path): Path => ['notifications', 'channels', i, ...rest];
    if (channels.findIndex(({ name }) => name === channel.name) < i)
      report([path('name')], `a second channel named "${channel.name}".`);
    for (const name of SOMEBODYS_OWN) {
      if (channel[name] === undefined || OWN[channel.type].includes(name)) continue;
      const key = KEYS[name] ?? name;
      report([path(key), path('type')], `a channel of type ${channel.type} has no ${key}.`);
    }
    checkAddress(channel, path, report);
    if (channel.type !== 'smtp') continue;
    for (const key of ['from', 'to'] as const)
      if (channel[key] === undefined) report([path()], `a channel of type smtp needs "${key}".`);
    if ((channel.user === undefined) !== (channel.passwordFile === undefined))
      report([path(), path('user'), path('password_file')], 'user and password_file go together.');
  }
}

function checkAddress(
  { type, url, urlFile }: ChannelSettings,
  path: (...rest: Path) => Path,
  report: ReportProblem,
): void {
  if (url === undefined) {
    if (urlFile === undefined) report([path()], 'needs an address: url or url_file.');
    return;
  }
  if (urlFile !== undefined) report([path('url_file'), path('url')], 'url and url_file exclude each other.');
  const problem = addressProblem(type, url);
  if (problem !== undefined) report([path('url'), path('type')], problem);
}

/** What is wrong with an address for a channel of this type, without repeating it. */
export function addressProblem(type: ChannelType, line: string): string | undefined {
  const problem = ADDRESS.problem(line);
  if (problem !== undefined) return problem;
  const { protocol, pathname } = new URL(line);
  const schemes = SCHEMES[type];
  if (!schemes.includes(protocol))
    return `a channel of type ${type} has an address with ${schemes.map((one) => `${one}//`).join(' or ')}.`;
  if (type === 'ntfy' && topicOf(line) === undefined)
    return 'has no topic at its end, such as https://ntfy.sh/TOPIC (A-Z, a-z, 0-9, _ and -, at most 64).';
  if (type === 'smtp' && pathname !== '' && pathname !== '/') return 'has more than host and port.';
  return undefined;
}
