/** How many things a doctor looks at at the same time: each is a process, and the machine may be a small one in trouble. */

/** Two cores' worth, and room to finish while one hangs. */
export const AT_ONCE = 4;

/** The answers in the order of `things`. Rejects with the first that rejects; no further thing is then begun. */
export async function fewAtOnce<Thing, Answer>(
  things: readonly Thing[],
  look: (thing: Thing) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const waiting = things.entries();
  let hasFailed = false;
  const worker = async () => {
    for (const [index, thing] of waiting) {
      if (hasFailed) return;
      try {
        answers[index] = await look(thing);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return answers;
}
