/** The source of time, which tests can advance. */
export interface Clock {
  /** The time of the process, in milliseconds since the epoch. Used for JWTs. */
  now(): number
  /** Milliseconds to add to `now()` of the database; 0 except in tests. */
  readonly offset: number
}

export const systemClock: Clock = { now: Date.now, offset: 0 }

/**
 * The tolerated difference between the clocks of two instances, in seconds (RFC 7519 §4.1.5). NTP keeps them closer.
 */
export const SKEW = 1
