import { platform } from './platform.ts'
import { createSessionOn, type Session, type SessionOptions } from './session.ts'

export type { Claims } from './claims.ts'
export { type Challenge, type Fault, LatchkeyError } from './error.ts'
export type { Proof, Session, SessionEvent, SessionOptions, TokenStore } from './session.ts'

/** Creates the session of a frontend: one for the page, whoever is signed in. */
export const createSession = (options: SessionOptions): Session => createSessionOn(platform, options)
