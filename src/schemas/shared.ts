import { Problem } from './answers.ts'
import { Session, Tokens } from './sessions.ts'
import { PublicKey, TokenState } from './tokens.ts'
import { User } from './users.ts'

/** The shapes that the OpenAPI document names. */
export const SHARED = [User, Tokens, Session, TokenState, PublicKey, Problem]
