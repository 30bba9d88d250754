import { readBearer } from './bearer.ts'
import type { Claims } from './claims.ts'
import { createVerifier, type VerifierOptions } from './index.ts'
import { compileNeeds, type Needs } from './needs.ts'
import type { Problem } from './problem.ts'

/** The options of the adapters, each with the requests of its framework. */
export interface AdapterOptions<Request> extends VerifierOptions {
  /** Called with each refusal before it is answered; `problem.reason` says why, which the client is not told. */
  onRefusal?: (problem: Problem, request: Request) => void
}

/** Verifies the token of an Authorization header, and checks what a route needs. Throws a Problem, or rejects with it. */
export type Guard = (authorization: string | undefined) => Claims | Promise<Claims>

/**
 * Makes the guards of an application's routes.
 *
 * @returns a function that throws TypeError for invalid needs, when a route is defined
 */
export function createGuards(options: VerifierOptions): (needs?: Needs) => Guard {
  const { verify } = createVerifier(options)
  return (needs = {}) => {
    const check = compileNeeds(needs)
    return (authorization) => {
      const claims = verify(readBearer(authorization))
      return claims instanceof Promise ? claims.then(check) : check(claims)
    }
  }
}
