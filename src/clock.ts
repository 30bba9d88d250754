/** Where time comes from, so that a test can move it. */
export interface Clock {
  /** The process's time, in milliseconds since the epoch: for JWTs. */
  now(): number
  /** What is added to the database's `now()`, in milliseconds: 0 but in tests. */
  readonly offset: number
}

export const systemClock: Clock = { now: Date.now, offset: 0 }
