/** How many keys are remembered. Beyond them all count as not yet seen. */
const MOST = 10_000

/**
 * Tells whether a key is seen for the first time in this window of time. All keys are forgotten at its end.
 *
 * @param now the time in milliseconds
 * @param stretch the length of the window, in milliseconds
 */
export function createRecentlySeen(now: () => number, stretch: number): (key: string) => boolean {
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
