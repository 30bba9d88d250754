/** Bounds the memory. When it is full, all keys are forgotten. */
const MAX_KEYS = 10_000

/**
 * Creates a filter that returns true for the first occurrence of a key in each window of time.
 *
 * @param now milliseconds since the epoch
 * @param length of the window, in milliseconds
 */
export function createRecentlySeen(now: () => number, length: number): (key: string) => boolean {
  const seen = new Set<string>()
  let window = Number.NaN

  return (key) => {
    const present = Math.floor(now() / length)
    if (present !== window || seen.size >= MAX_KEYS) seen.clear()
    window = present
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
}
