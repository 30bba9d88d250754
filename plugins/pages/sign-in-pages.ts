import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuthenticationChallenge, Problem } from '../../src/errors.ts'
import { findLoginStep } from '../../src/factors/login-steps.ts'
import { describeDone } from '../../src/pages/done.ts'
import { CURRENT_PASSWORD, NAME } from '../../src/pages/fields.ts'
import type { View } from '../../src/pages/layout.ts'
import { describeErrors, describeProofErrors } from '../../src/pages/problems.ts'
import { secondStepView, writeChallenge } from '../../src/pages/views/second-step.ts'
import { signInView } from '../../src/pages/views/sign-in.ts'
import type { Visit } from './page-routes.ts'
import type { Returning } from './return-to.ts'

/** The pages of a sign-in. Several routes show them again after a refusal. */
export interface SignInPages {
  /** The first page; what was typed stays, but for the password. */
  first(visit: Pick<Visit, 'request' | 'page'>, problem?: Problem): Promise<View>
  /** The page that asks for the second step. @param goOn where to go on, unless the request says so */
  second(visit: Pick<Visit, 'request' | 'page'>, challenge: AuthenticationChallenge, goOn?: string): View
  /** The same after a refusal; the first page once the step cannot be continued. */
  secondAgain(visit: Pick<Visit, 'request' | 'page'>, problem: Problem): Promise<View>
}

/** The fields of the forms of a sign-in, as a browser sent them. */
type Sent = Partial<Record<'name' | 'mfa_token' | 'challenge' | 'recovery_code', unknown>>

export function createSignInPages(fastify: FastifyInstance, returnTo: Returning): SignInPages {
  const { config, factors, passkeys } = fastify
  const buttons = [...fastify.providers.values()].map(({ settings: { id, label } }) => ({ id, label }))
  const canReset = fastify.mail.available
  const canRegister = config.HIDE_ACCOUNTS === 'off' || canReset

  /** Another challenge of a second step, with the passkeys of the account. Undefined if there can be none now. */
  async function newChallenge(
    request: FastifyRequest,
    token: string,
    { statusCode }: Problem
  ): Promise<AuthenticationChallenge | undefined> {
    // Neither a flood of attempts nor an unavailable database is asked for more.
    if (statusCode >= 429) return undefined
    try {
      const step = await findLoginStep(request.database, token)
      return step && (await factors.challengeFor(request, step.account, { for: 'second step', step: step.hash }))
    } catch {
      return undefined
    }
  }

  const pages: SignInPages = {
    async first({ request, page }, problem) {
      const { name } = (request.body ?? {}) as Sent
      const unknown = problem?.code === 'PASSKEY_UNKNOWN' ? credentialOf(request.body) : undefined
      return signInView(page, {
        returnTo: returnTo.given(request),
        name,
        ...(problem && { errors: describeErrors(page, problem, [NAME, ...passwordOf(problem)]) }),
        passkey: await passkeys?.signInOptions(),
        isFirst: problem === undefined,
        ...(unknown !== undefined && passkeys && { unknown: { rpId: passkeys.party.id, credentialId: unknown } }),
        providers: buttons,
        canRegister,
        canReset,
        done: problem ? undefined : describeDone(page, request.query),
        canResend: canReset && problem?.code === 'EMAIL_UNVERIFIED'
      })
    },

    second({ request, page }, challenge, goOn = returnTo.given(request)) {
      const { mfa_token } = challenge
      const hidden = { mfa_token, challenge: writeChallenge(challenge), return_to: goOn }
      return secondStepView(page, { action: 'pages/login/mfa', challenge, hidden })
    },

    async secondAgain(visit, problem) {
      const { request, page } = visit
      const { mfa_token, challenge, recovery_code } = (request.body ?? {}) as Sent
      const carried = readChallenge(challenge)
      if (problem.code === 'MFA_TOKEN_INVALID' || typeof mfa_token !== 'string' || !carried) {
        return pages.first(visit, problem)
      }
      const shown = (await newChallenge(request, mfa_token, problem)) ?? carried
      const isRecovery = recovery_code !== undefined
      const errors = describeProofErrors(page, problem, request.body as Sent)
      const hidden = { mfa_token, challenge: writeChallenge(shown), return_to: returnTo.given(request) }
      return secondStepView(page, { action: 'pages/login/mfa', challenge: shown, hidden, errors, isRecovery })
    }
  }
  return pages
}

/** A wrong password and an unknown name are the same: the password is not marked then. */
const passwordOf = ({ code }: Problem) => (code === 'INVALID_CREDENTIALS' ? [] : [CURRENT_PASSWORD])

/** The id of the passkey that was just tried: the browser may forget it if no account has it. */
function credentialOf(body: unknown): string | undefined {
  const { credential } = (body ?? {}) as { credential?: { id?: unknown } }
  return typeof credential?.id === 'string' ? credential.id : undefined
}

/** The challenge that a form carried along. It only says which forms to show: what they send is checked anew. */
export function readChallenge(text: unknown): AuthenticationChallenge | undefined {
  try {
    const challenge = JSON.parse(String(text))
    // Throws if it is nested so deeply that no page can carry it along again.
    JSON.stringify(challenge)
    return Array.isArray(challenge?.factors) ? challenge : undefined
  } catch {
    return undefined
  }
}
