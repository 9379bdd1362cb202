/**
 * Takes secrets out of a text before it leaves the machine: those that we know by their value, and whatever
 * looks like one. It may mask too much; it must not mask too little.
 */

const MASK = '[masked]';

/** Shorter ones would mask half of the text, and protect nothing. */
const SECRET_LENGTH_MIN = 4;

const PATTERNS: readonly (readonly [pattern: RegExp, put: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  [/\b(Bearer|Basic)\s+[^\s"',]+/gi, `$1 ${MASK}`],
  [/(\w:\/\/)[^\s/@"']+@/g, `$1${MASK}@`],
  // `token: x`, `"api_key": "x"`, `PASSWORD=x`; but not `token_file: /path`, which is no secret.
  [
    /((?:token|secret|passw(?:or)?d|passphrase|pwd|api[-_]?key|authorization|credential)s?["']?\s*[:=]\s*)("[^"\n]*"|'[^'\n]*'|[^\s,}]+)/gi,
    `$1${MASK}`,
  ],
];

/** `secrets` are the values that are known. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const known = secrets
    .flatMap((secret) => [secret.trim(), encodeURIComponent(secret.trim())])
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const without = known.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
    return PATTERNS.reduce((masked, [pattern, put]) => masked.replace(pattern, put), without);
  };
}
