/**
 * `sensorctl token ...`: who may deliver from other machines. A token is shown once, when it is made; what is kept is
 * its hash. A running write API looks at the file with each request, so a change needs no restart.
 */

import { EXIT, GatewayError } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { NAME_PATTERN, NAME_RULE } from '../../lib/flow/reading.ts';
import {
  createToken,
  hashOf,
  readTokens,
  type TokenRecord,
  writeTokens,
} from '../../lib/flow/write-api/token-file.ts';
import { isReachable } from '../wiring/api-settings.ts';
import { type Command, type CommandContext, operandOf, usageError } from './command.ts';
import { belongLike } from './file-owner.ts';
import { findPlaces, type Places } from './places.ts';
import { isoTime, localTime } from './words.ts';

export const tokenAdd: Command = {
  name: 'token add',
  about: 'let another gateway deliver here: prints its token, this once',
  operand: 'GATEWAY',
  options: { replace: { about: 'it has a token already: that one is refused from now on' } },
  examples: [['sensorctl token add greenhouse', 'then put it into the token_file of its destination']],
  async run(context) {
    const places = findPlaces(context);
    const gateway = gatewayOf(context, tokenAdd);
    const tokens = readTokens(places.config.api.tokensFile);
    if (context.options.replace !== true && tokens.some((one) => one.gateway === gateway)) {
      throw usageError(`${gateway} has a token; say --replace to give it a new one`, tokenAdd.name);
    }
    const token = createToken(systemRandom);
    const record = { gateway, hash: hashOf(token).toString('hex'), addedAt: context.wallMs() };
    save(places, [...without(tokens, gateway), record]);
    await context.terminal.out(context.json ? JSON.stringify({ gateway, token }) : token);
    if (!context.json) {
      context.terminal.note(`This is the token of ${gateway}; it is not shown again.`);
      if (!isReachable(places.config.api))
        context.terminal.note(
          'No other machine can reach the write API yet: see api.host in docs/settings.md.',
        );
    }
    return EXIT.ok;
  },
};

export const tokenList: Command = {
  name: 'token list',
  about: 'the gateways that may deliver from other machines',
  options: {},
  examples: [['sensorctl token list', 'who has one, and since when?']],
  async run(context) {
    const tokens = readTokens(findPlaces(context).config.api.tokensFile);
    const sorted = [...tokens].sort((a, b) => a.gateway.localeCompare(b.gateway, 'en'));
    if (context.json) {
      const list = sorted.map(({ gateway, addedAt }) => ({
        gateway,
        added_at: isoTime(addedAt),
      }));
      await context.terminal.out(JSON.stringify({ tokens: list }));
      return EXIT.ok;
    }
    if (sorted.length === 0) context.terminal.note('There are no tokens: sensorctl token add GATEWAY');
    for (const { gateway, addedAt } of sorted)
      await context.terminal.out(`${gateway}  since ${localTime(addedAt)}`);
    return EXIT.ok;
  },
};

export const tokenRevoke: Command = {
  name: 'token revoke',
  about: 'let a gateway deliver no more; it keeps its readings',
  operand: 'GATEWAY',
  options: {},
  examples: [['sensorctl token revoke greenhouse', 'its card was stolen']],
  async run(context) {
    const places = findPlaces(context);
    const gateway = gatewayOf(context, tokenRevoke);
    const tokens = readTokens(places.config.api.tokensFile);
    const left = without(tokens, gateway);
    if (left.length === tokens.length) throw usageError(`${gateway} has no token`, tokenRevoke.name);
    save(places, left);
    await context.terminal.out(
      context.json ? JSON.stringify({ revoked: gateway }) : `${gateway}: revoked; refused from now on`,
    );
    return EXIT.ok;
  },
};

function gatewayOf(context: CommandContext, command: Command): string {
  const gateway = operandOf(context, command);
  if (NAME_PATTERN.test(gateway)) return gateway;
  throw usageError(`"${printable(gateway, 60)}" is no name of a gateway: ${NAME_RULE}`, command.name);
}

function without(tokens: readonly TokenRecord[], gateway: string): TokenRecord[] {
  return tokens.filter((one) => one.gateway !== gateway);
}

function save({ config, dataDir }: Places, tokens: readonly TokenRecord[]): void {
  const { tokensFile } = config.api;
  writeTokens(tokensFile, tokens);
  try {
    belongLike(tokensFile, dataDir);
  } catch (error) {
    throw new GatewayError('SGW_DATA_DIR_UNUSABLE', `the write API may not be able to read ${tokensFile}`, {
      hint: `Does ${dataDir} (data_dir) exist? sudo chown sensor-gateway: ${tokensFile}`,
      cause: error,
    });
  }
}
