/** Where time comes from, so that a test can move it. */
export interface Clock {
  /** The process's time, in milliseconds since the epoch: for JWTs. */
  now(): number
  /** What is added to the database's `now()`, in milliseconds: 0 but in tests. */
  readonly offset: number
}

export const systemClock: Clock = { now: Date.now, offset: 0 }

/**
 * How far ahead of ours the clock of another instance may be, in seconds (RFC 7519 §4.1.5): what NTP does not keep closer
 * is out of order.
 */
export const SKEW = 1
