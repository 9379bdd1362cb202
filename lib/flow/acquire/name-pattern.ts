/** Names of sensors and metrics as a person means several of them at once: `*` stands for any characters. */

export const NAME_CHOICE_PATTERN = /^[a-z0-9_*-]{1,48}$/;

/** Whether a name is meant by the pattern. */
export function matcherOf(pattern: string): (name: string) => boolean {
  // Between two stars anything may stand, so each part is looked for behind the one before: no backtracking.
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(head) || !name.endsWith(tail)) return false;
    let from = head.length;
    for (const part of parts) {
      const at = name.indexOf(part, from);
      if (at < 0) return false;
      from = at + part.length;
    }
    return from <= name.length - tail.length;
  };
}
