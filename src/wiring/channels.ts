/** Channels as configured, with what their files hold. Mail is loaded when somebody wants it. */

import type { Clock } from '../../lib/base/clock.ts';
import { GatewayError } from '../../lib/base/errors.ts';
import type { Channel } from '../../lib/ops/notify/channel.ts';
import { createNtfyChannel } from '../../lib/ops/notify/ntfy-channel.ts';
import { parseTemplate } from '../../lib/ops/notify/template.ts';
import { createWebhookChannel } from '../../lib/ops/notify/webhook-channel.ts';
import { addressProblem, type ChannelSettings } from './notify-settings.ts';
import { readAuthority, readPassword, readSecret, readToken } from './secrets.ts';
import { VERSION } from './version.ts';

/** Throws `SGW_CONFIG_INVALID` if a file cannot be read, or cannot be right; what is in it is never repeated. */
export async function openChannel(settings: ChannelSettings, clock: Clock): Promise<Channel> {
  const { name, type, tokenFile, caFile } = settings;
  const whose = `notifications: ${name}`;
  const basics = {
    name,
    clock,
    version: VERSION,
    url: addressOf(settings, whose),
    ca: caFile === undefined ? undefined : readAuthority(whose, caFile),
  };
  const token = tokenFile === undefined ? undefined : readToken(whose, tokenFile);
  switch (type) {
    case 'webhook': {
      const template = settings.body === undefined ? undefined : parseTemplate(settings.body);
      return createWebhookChannel({ ...basics, token, template });
    }
    case 'ntfy':
      return createNtfyChannel({ ...basics, token });
    case 'smtp': {
      const { createSmtpChannel } = await import('../../lib/ops/notify/smtp-channel.ts');
      const { from = '', to = [], user, passwordFile } = settings;
      const password = passwordFile === undefined ? undefined : readPassword(whose, passwordFile);
      return createSmtpChannel({ ...basics, from, to, user, password });
    }
  }
}

function addressOf({ type, url, urlFile }: ChannelSettings, whose: string): string {
  if (urlFile === undefined) return url ?? '';
  const line = readSecret(whose, 'url_file', urlFile).trim();
  const problem = addressProblem(type, line);
  if (problem === undefined) return line;
  throw new GatewayError('SGW_CONFIG_INVALID', `${whose}: what url_file ${urlFile} holds ${problem}`, {
    hint: 'It must hold the address and nothing else.',
  });
}
