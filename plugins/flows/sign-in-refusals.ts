import type { FastifyRequest } from 'fastify'
import { type Code, Problem } from '../../src/errors.ts'
import type { Method } from '../../src/sessions/assurance.ts'
import type { Credentials } from '../../src/users/credentials.ts'

/** Records why a sign-in failed, and returns the refusal, which does not contain it. */
export function refuse(
  request: FastifyRequest,
  account: Pick<Credentials, 'id'> | undefined,
  reason: string,
  code: Code = 'INVALID_CREDENTIALS'
): Problem {
  request.record('login failed', { account: account?.id, detail: { reason } })
  return new Problem(code)
}

/** Like `refuse`, for an account that changed since its first step: a password, or a sign-in at a provider. */
export function changedMeanwhile(request: FastifyRequest, account: Pick<Credentials, 'id'>, amr: Method[]): Problem {
  const action = amr.includes('fed') ? 'federated login failed' : 'login failed'
  request.record(action, { account: account.id, detail: { reason: 'account changed meanwhile' } })
  return new Problem('INVALID_CREDENTIALS')
}

/** Like `refuse`, for the token of a second step. */
export function refuseStep(request: FastifyRequest, account: Pick<Credentials, 'id'> | undefined): Problem {
  request.record('second factor failed', { account: account?.id, detail: { reason: 'token invalid' } })
  return new Problem('MFA_TOKEN_INVALID')
}
