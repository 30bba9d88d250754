import type { Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { confirmNewEmail, undoEmailChange, verifyEmail } from '../src/email-addresses.ts'
import { claimEmailToken, findEmailToken, type Purpose, releaseEmailToken } from '../src/email-tokens.ts'
import { limitSecret } from '../src/limits.ts'
import { resetPassword } from '../src/password-reset.ts'
import { finishRegistration } from '../src/registration.ts'
import type { EmailTokenBody, PasswordReset, RegistrationEnd, User } from '../src/schemas.ts'

/** What the link of a mail is followed to: the same from a frontend as from our own pages. */
export interface EmailLinks {
  verify(request: FastifyRequest, body: Static<typeof EmailTokenBody>): Promise<void>
  confirmChange(request: FastifyRequest, body: Static<typeof EmailTokenBody>): Promise<void>
  undoChange(request: FastifyRequest, body: Static<typeof EmailTokenBody>): Promise<void>
  resetPassword(request: FastifyRequest, body: Static<typeof PasswordReset>, reply: FastifyReply): Promise<void>
  finishRegistration(request: FastifyRequest, body: Static<typeof RegistrationEnd>, reply: FastifyReply): Promise<User>
}

declare module 'fastify' {
  interface FastifyInstance {
    emailLinks: EmailLinks
  }
}

export default fp(
  async (fastify) => {
    const { clock, deviceCookie, outbox, passwords, rootSecret, sessionRules } = fastify
    const secret = limitSecret(rootSecret)

    /** Claims that could not be given back, by token: they are this process's own to claim again. */
    const kept = new Map<string, string>()

    /**
     * Does what a password is hashed for by way of a token, for one request at a time. What fails leaves the token to the
     * next.
     */
    async function claiming<Result>(
      request: FastifyRequest,
      purpose: Purpose,
      token: string,
      work: () => Promise<Result>
    ): Promise<Result> {
      const claim = await claimEmailToken(request.database, clock, purpose, token, kept.get(token))
      kept.delete(token)
      try {
        return await work()
      } catch (error) {
        const released = releaseEmailToken(fastify.openDatabase(), token, claim).catch((err) => {
          request.log.warn({ err }, 'could not give back the claim of a mail token')
          for (const [other, until] of kept) if (Number(until) / 1000 <= clock.now()) kept.delete(other)
          kept.set(token, claim)
        })
        // Bounded by the deadline of the request: the database may be what has failed.
        await request.database.awaitShared(released).catch(() => {})
        throw error
      }
    }

    fastify.decorate('emailLinks', {
      async verify(request, { token }) {
        const account = await verifyEmail(request.database, clock, token)
        request.record('email verified', { account })
      },

      async confirmChange(request, { token }) {
        const account = await confirmNewEmail(request.database, clock, token)
        outbox.nudge()
        request.record('email changed', { account })
      },

      async undoChange(request, { token }) {
        const { user, ended } = await undoEmailChange(request.database, sessionRules, token)
        outbox.nudge()
        request.record('email change undone', { account: user, detail: { count: ended } })
      },

      async resetPassword(request, { token, new_password }, reply) {
        const found = await findEmailToken(request.database, clock, 'reset password', token)
        const { names } = found
        passwords.accept(new_password, [names.username, names.email], '/new_password')
        const admission = passwords.admission(reply, { id: String(found.user), ...names })
        const { user, ended } = await claiming(request, 'reset password', token, async () => {
          const hash = await passwords.hash(new_password, admission)
          return resetPassword(request.database, sessionRules, secret, { token, hash })
        })
        outbox.nudge()
        request.record('password reset', { account: user, detail: { count: ended } })
        deviceCookie.set(reply, user)
      },

      async finishRegistration(request, { token, password, ...named }, reply) {
        const { email } = await findEmailToken(request.database, clock, 'finish registration', token)
        passwords.accept(password, [named.username, email])
        const admission = passwords.admission(reply, { ...named, email })
        const user = await claiming(request, 'finish registration', token, async () => {
          const passwordHash = await passwords.hash(password, admission)
          return finishRegistration(request.database, clock, token, { ...named, passwordHash })
        })
        request.record('registered', { account: user.id })
        return user
      }
    } satisfies EmailLinks)
  },
  {
    name: 'email-links',
    dependencies: [
      'audit',
      'clock',
      'database',
      'device-cookie',
      'disconnected',
      'outbox',
      'passwords',
      'root-secret',
      'session-rules'
    ]
  }
)
