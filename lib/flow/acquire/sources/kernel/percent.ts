/** A share in percent with two digits: more would be noise that does not compress. `whole` 0 is 0 percent. */
export function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((10_000 * part) / whole) / 100;
}
