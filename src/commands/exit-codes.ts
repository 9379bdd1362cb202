/**
 * What `sensorctl` ends with, by class of failure, for the help, the man page and `docs/commands.md`;
 * `docs/errors.md` says the same of every program, and a test holds the two together.
 */

import { EXIT } from '../../lib/base/errors.ts';

export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, 'all is well'],
  [EXIT.failed, 'something needs a look, or a running program refused an order'],
  [EXIT.usage, 'wrong usage'],
  [EXIT.data, 'wrong data'],
  [EXIT.unavailable, 'something that is needed is not there'],
  [EXIT.internal, 'a bug, or a system that does not do what it must'],
  [EXIT.cannotCreate, 'a directory or file cannot be used'],
  [EXIT.ioError, 'a database file is damaged'],
  [EXIT.tryAgain, 'try again later'],
  [EXIT.permission, 'not permitted'],
  [EXIT.config, 'wrong configuration or installation'],
  [130, 'ended by Ctrl-C'],
];
