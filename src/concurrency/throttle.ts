/** The minimum time between two reports, in milliseconds. */
const INTERVAL = 10_000

/**
 * Limits reports of a repeated event: reports the first at once, and then at most one in ten seconds.
 *
 * @param report also receives the number of events that were not reported since the last report
 */
export function throttle<Event extends unknown[]>(report: (omitted: number, ...event: Event) => void) {
  let reportedAt = Number.NEGATIVE_INFINITY
  let omitted = 0
  return (...event: Event): void => {
    if (performance.now() - reportedAt < INTERVAL) {
      omitted += 1
      return
    }
    reportedAt = performance.now()
    report(omitted, ...event)
    omitted = 0
  }
}
