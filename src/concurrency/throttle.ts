/** How often a state that goes on is told, in milliseconds. */
const INTERVAL = 10_000

/**
 * Tells of something that happens again and again: the first time, and then at most once each ten seconds.
 *
 * @param tell also given how many were left out since the last
 */
export function seldom<Given extends unknown[]>(tell: (leftOut: number, ...given: Given) => void) {
  let toldAt = Number.NEGATIVE_INFINITY
  let leftOut = 0
  return (...given: Given): void => {
    if (performance.now() - toldAt < INTERVAL) {
      leftOut += 1
      return
    }
    toldAt = performance.now()
    tell(leftOut, ...given)
    leftOut = 0
  }
}
