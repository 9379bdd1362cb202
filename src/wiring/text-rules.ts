/** What the texts among the settings may be: names, paths, addresses; each with the sentence for one that is not. */

import { splitUnixUrl } from '../../lib/base/http/ask.ts';
import type { TextRules } from '../../lib/base/setting-kinds.ts';
import { shown } from '../../lib/base/setting-kinds.ts';
import { NAME_CHOICE_PATTERN } from '../../lib/flow/acquire/name-pattern.ts';
import { NAME_PATTERN, NAME_RULE } from '../../lib/flow/reading.ts';

export const NAME: TextRules = {
  values: NAME_RULE,
  problem: (name) =>
    NAME_PATTERN.test(name) ? undefined : `${shown(name)} is not a name. Use ${NAME.values}.`,
};

export const PATH: TextRules = {
  values: 'a path',
  problem: (path) => {
    if (path.length === 0 || path.includes('\0')) return `${shown(path)} is not a path.`;
    return path.startsWith('~')
      ? `${shown(path)}: "~" is not expanded here. Write the whole path.`
      : undefined;
  },
};

export const SENSOR_PATTERN: TextRules = {
  values: 'sensor names, * for any characters',
  problem: (pattern) =>
    NAME_CHOICE_PATTERN.test(pattern)
      ? undefined
      : `${shown(pattern)} is no name of a sensor. Use a-z, 0-9, _ and -, with * for any characters.`,
};

export const NAMES: TextRules = {
  values: 'a name, * for any characters',
  problem: (pattern) =>
    NAME_CHOICE_PATTERN.test(pattern)
      ? undefined
      : `${shown(pattern)} is no name. Use a-z, 0-9, _ and -, with * for any characters.`,
};

export const DRIVER_PATH: TextRules = {
  values: 'an absolute path that ends in .mjs, .js or .cjs',
  problem: (path) =>
    /^\/[^\0]*\.[mc]?js$/.test(path) ? undefined : `${shown(path)} is not ${DRIVER_PATH.values}.`,
};

export const URL_RULES: TextRules = {
  values: 'http://HOST:PORT, https://HOST:PORT or unix:/PATH/NAME.sock',
  problem: (line) => {
    if (splitUnixUrl(line)?.path === '/') return undefined;
    if (!URL.canParse(line)) return `${shown(line)} is not an address. Use ${URL_RULES.values}.`;
    const url = new URL(line);
    if (!/^https?:$/.test(url.protocol))
      return `"${url.protocol}//" is not supported. Use ${URL_RULES.values}.`;
    // Never repeated: whoever reads the log must not learn it.
    if (url.username || url.password) return 'holds a user or password. Put a token into token_file instead.';
    if (url.pathname !== '/' || url.search || url.hash) {
      return `${shown(line)} has more than host and port; the path is ours. Use "${url.origin}".`;
    }
    return undefined;
  },
};

export const HOST: TextRules = {
  values: 'an IP address or host name',
  problem: (host) =>
    /^[0-9A-Za-z:.-]{1,253}$/.test(host) ? undefined : `${shown(host)} is not a host. Use ${HOST.values}.`,
};
