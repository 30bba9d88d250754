/** How many keys are remembered: beyond them all are news again. */
const MOST = 10_000

/**
 * Tells what is news: a key that was not seen yet in this stretch of time.
 *
 * @param now the time in milliseconds
 * @param stretch how long it takes until all is news again, in milliseconds
 */
export function createSieve(now: () => number, stretch: number): (key: string) => boolean {
  const seen = new Set<string>()
  let current = Number.NaN

  return (key) => {
    const present = Math.floor(now() / stretch)
    if (present !== current || seen.size >= MOST) seen.clear()
    current = present
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
}
