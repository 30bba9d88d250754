/** Rounds a wait, in seconds, up to tens: a second or more of it may pass before a busy machine tells it. */
export const inTens = (seconds: unknown): number => Math.ceil(Number(seconds) / 10) * 10
