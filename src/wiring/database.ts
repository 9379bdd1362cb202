/** The database that the configuration names, with the password for it: read once, before anything is opened. */

import type { Config } from './config.ts';
import { driverUrl } from './database-url.ts';
import { readPassword } from './secrets.ts';

/** What is needed to reach a database. */
export interface Database {
  readonly url: string;
  readonly password?: string;
}

/**
 * `undefined`: the store is a file. Throws `SGW_CONFIG_INVALID` if the password cannot be read or cannot be right:
 * found out later, it would look like an outage. What is in the file is never repeated.
 */
export function databaseOf({ url, passwordFile }: Config['store']): Database | undefined {
  if (url === undefined) return undefined;
  if (passwordFile === undefined) return { url: driverUrl(url) };
  return { url: driverUrl(url), password: readPassword('store', passwordFile) };
}
