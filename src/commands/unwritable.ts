/** What a command says when it cannot write where it was told to: what, why, and what to say instead. */

import { codeOf, GatewayError, messageOf } from '../../lib/base/errors.ts';

/** The beginnings of codes, of the system and of SQLite, that say more than that it did not work. */
const REMEDIES: readonly (readonly [codes: RegExp, remedy: string])[] = [
  [/^(ENOSPC|EDQUOT|SQLITE_FULL)/, 'No room is left: make some,'],
  [/^(EACCES|EPERM|EROFS|SQLITE_READONLY)/, 'You may not write there: say it with sudo,'],
];

/** `elsewhere`: the option that names another place, such as `--output DIR`. What has been worded already stays as it is. */
export function unwritable(path: string, cause: unknown, elsewhere: string): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const remedy =
    REMEDIES.find(([codes]) => codes.test(codeOf(cause) ?? ''))?.[1] ?? 'Does its directory exist? Make it,';
  return new GatewayError('SGW_DATA_DIR_UNUSABLE', `cannot write ${path}: ${messageOf(cause)}`, {
    hint: `${remedy} or name another place: ${elsewhere}`,
    cause,
  });
}

/** Nothing is written over: a mistyped name must not cost a file. */
export function existsAlready(path: string, elsewhere: string): GatewayError {
  return new GatewayError('SGW_USAGE', `${path} exists already`, { hint: `Name another file: ${elsewhere}` });
}
