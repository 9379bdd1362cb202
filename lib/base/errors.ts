/**
 * Every failure with a name. An error says what happened with its values (`message`), what a person
 * should do (`hint`), and how the program ends if nobody handles it (`exitCode`, see sysexits.h).
 * `docs/errors.md` lists exactly these codes; `test/tidy.test.ts` holds the two together.
 */

/** Exit codes by class of failure, from sysexits.h. systemd must not restart a unit that exits with `config`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  data: 65,
  unavailable: 69,
  internal: 70,
  cannotCreate: 73,
  ioError: 74,
  tryAgain: 75,
  permission: 77,
  config: 78,
} as const;

/** code -> exit code. */
const ERRORS = {
  SGW_USAGE: EXIT.usage,
  SGW_CONFIG_INVALID: EXIT.config,
  SGW_CONFIG_UNREADABLE: EXIT.config,
  SGW_ADDON_MISSING: EXIT.config,
  SGW_SQLITE_TOO_OLD: EXIT.config,
  SGW_SCHEMA_TOO_NEW: EXIT.config,
  SGW_DATA_DIR_IN_USE: EXIT.tryAgain,
  SGW_DATA_DIR_UNUSABLE: EXIT.cannotCreate,
  SGW_DATABASE_FOREIGN: EXIT.data,
  SGW_OUTBOX_DAMAGED: EXIT.ioError,
  SGW_STORE_DAMAGED: EXIT.ioError,
  SGW_NOTIFY_DAMAGED: EXIT.ioError,
  SGW_DATABASE_PRAGMA: EXIT.internal,
  SGW_DATABASE_MISSING: EXIT.unavailable,
  SGW_DATABASE_UNREACHABLE: EXIT.unavailable,
  SGW_BACKUP_BAD: EXIT.data,
  SGW_MONITOR_UNREACHABLE: EXIT.unavailable,
  SGW_MONITOR_BUSY: EXIT.tryAgain,
  SGW_MEMORY_LIMIT: EXIT.tryAgain,
  SGW_PORT_IN_USE: EXIT.unavailable,
  SGW_PROGRAM_REFUSED: EXIT.failed,
  SGW_READING_INVALID: EXIT.data,
  SGW_IMPORT_UNFINISHED: EXIT.tryAgain,
  SGW_TICKET_BUSY: EXIT.tryAgain,
  SGW_TICKET_DAMAGED: EXIT.ioError,
  SGW_TICKET_MISSING: EXIT.data,
  SGW_TICKET_MOVE: EXIT.failed,
  SGW_INTERNAL: EXIT.internal,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERRORS;

export interface GatewayErrorOptions {
  /** What a person should do next, as a sentence or a command. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: number;
  readonly hint: string | undefined;

  /** `message` says what happened, with the values; always pass the cause where there is one. */
  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.exitCode = ERRORS[code];
    this.hint = options.hint;
  }
}

/** The text of anything thrown, for a message. Other people's code throws strings, too. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system or library error (`ECONNREFUSED`, `SQLITE_BUSY`, `UND_ERR_SOCKET`), if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
