import type { Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem, REQUIRED } from '../../src/errors.ts'
import { confirmNewEmail, rejectEmail, undoEmailChange, verifyEmail } from '../../src/flows/email-change.ts'
import { resetPassword } from '../../src/flows/password-reset.ts'
import { finishRegistration } from '../../src/flows/registration.ts'
import {
  claimEmailToken,
  type EmailToken,
  findEmailToken,
  lookUpEmailToken,
  releaseEmailToken
} from '../../src/mail/email-tokens.ts'
import type { Purpose } from '../../src/mail/letters.ts'
import { findVerification, type Verification } from '../../src/mail/verification-tokens.ts'
import type { EmailTokenBody, EmailUndo, EmailVerification } from '../../src/schemas/email.ts'
import type { PasswordReset } from '../../src/schemas/passwords.ts'
import type { RegistrationEnd, User } from '../../src/schemas/users.ts'
import { findOwnCredentials, type PasswordOwner } from '../../src/users/credentials.ts'
import { isUsernameReserved } from '../../src/users/reserved-usernames.ts'
import { createRefusedChanges } from './refused-changes.ts'

/** What the page of a link shows. */
export interface LinkInfo extends Pick<EmailToken, 'names' | 'email'> {
  /** Whether the link was used before, and may be used again with the same effect. */
  done?: boolean
  /** Of a link that verifies an address, the id of an account without a password: only its session verifies it. */
  sessionOf?: string
}

/** What links in mails do, from a frontend and from the service's own pages alike. */
export interface EmailLinks {
  /** Looks up a link without using it. */
  look(request: FastifyRequest, purpose: Purpose, token: string): Promise<LinkInfo | undefined>
  /** By the password in the body, or else by the session of the request. */
  verify(request: FastifyRequest, body: Static<typeof EmailVerification>, reply: FastifyReply): Promise<void>
  reject(request: FastifyRequest, body: Static<typeof EmailTokenBody>): Promise<void>
  confirmChange(request: FastifyRequest, body: Static<typeof EmailTokenBody>): Promise<void>
  undoChange(request: FastifyRequest, body: Static<typeof EmailUndo>, reply: FastifyReply): Promise<void>
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
    const { clock, config, limits, mail, passwords, sessions } = fastify
    const secret = fastify.deriveKey('limits')

    const recordRefused = createRefusedChanges(clock.now)

    /** Claims that could not be released, by token: this process may replace them. */
    const unreleased = new Map<string, string>()

    /**
     * Does work that hashes a password and uses a token, for one request at a time. If it fails, the token stays valid.
     */
    async function claiming<Result>(
      request: FastifyRequest,
      purpose: Purpose,
      token: string,
      work: () => Promise<Result>
    ): Promise<Result> {
      const claim = await claimEmailToken(request.database, purpose, token, unreleased.get(token))
      unreleased.delete(token)
      try {
        return await work()
      } catch (error) {
        const released = releaseEmailToken(fastify.database.open(), token, claim).catch((err) => {
          request.log.warn({ err }, 'could not release the claim of a mail token')
          for (const [other, until] of unreleased) if (Number(until) / 1000 <= clock.now()) unreleased.delete(other)
          unreleased.set(token, claim)
        })
        // Bounded by the deadline of the request: the database may be what has failed.
        await request.database.awaitShared(released).catch(() => {})
        throw error
      }
    }

    /**
     * Finds the account of a link if the password is right; a wrong one counts as a failed login for each of its names.
     */
    async function proveOwner(request: FastifyRequest, link: Verification, password: string, reply: FastifyReply) {
      const { user, names: typed } = link
      const admission = passwords.admission(reply, { owner: user, typed })
      const account = await findOwnCredentials(request.database, user)
      return limits.guessing(request, { attempt: 'login', typed, account }, async () => {
        const matches = await passwords.verify(password, account?.password_hash, admission)
        if (account && matches) return account
        request.record('email verification failed', { account: user, detail: { reason: 'wrong password' } })
        throw new Problem('INVALID_CREDENTIALS', { message: 'The password is wrong.' })
      })
    }

    /** Makes the device of an owner known, unless a second step is left: a link and a password do not sign in then. */
    async function rememberDevice(reply: FastifyReply, owner: PasswordOwner): Promise<void> {
      if (!owner.mfa_required) await limits.rememberDevice(reply, owner)
    }

    fastify.decorate('emailLinks', {
      async look({ database }, purpose, token) {
        if (purpose !== 'verify email') return lookUpEmailToken(database, purpose, token)
        const link = await findVerification(database, token)
        if (!link) return undefined
        const account = await findOwnCredentials(database, link.user)
        return account?.password_hash === null ? { ...link, sessionOf: link.user } : link
      },

      async verify(request, { token, password }, reply) {
        const { account, database } = request
        if (password === undefined && !account) {
          throw new Problem('VALIDATION_FAILED', { errors: [{ path: '/password', message: REQUIRED }] })
        }
        const link = await findVerification(database, token)
        if (!link) throw new Problem('EMAIL_TOKEN_INVALID')
        if (password === undefined && account.id !== link.user) throw new Problem('FORBIDDEN')
        const owner = password === undefined ? undefined : await proveOwner(request, link, password, reply)
        const proof = owner ? { passwordVersion: owner.password_version } : { session: request.user }
        const { user, done } = await verifyEmail(database, sessions.rules, token, proof)
        if (!done) request.record('email verified', { account: user })
        if (owner) await rememberDevice(reply, owner)
      },

      async reject(request, { token }) {
        const needed = config.REQUIRE_VERIFIED_EMAIL === 'on'
        const { user: account } = await findEmailToken(request.database, 'verify email', token)
        const rejecting = rejectEmail(request.database, sessions.rules, token, needed)
        const { user, outcome } = await rejecting.catch((error) => {
          recordRefused(request, error, { account: String(account) })
          throw error
        })
        request.record('email rejected', { account: user, detail: { reason: outcome } })
      },

      async confirmChange(request, { token }) {
        const account = await confirmNewEmail(request.database, token)
        mail.wake()
        request.record('email changed', { account })
      },

      async undoChange(request, { token, new_password }, reply) {
        const { user, names, email } = await findEmailToken(request.database, 'undo email change', token)
        const undo = (hash?: string) => undoEmailChange(request.database, sessions.rules, secret, { token, hash })
        async function undoWith(password: string) {
          passwords.accept(password, [names.username, names.email, email], '/new_password')
          const admission = passwords.admission(reply, { owner: String(user), typed: names })
          return claiming(request, 'undo email change', token, async () =>
            undo(await passwords.hash(password, admission))
          )
        }
        const { owner, ended, deleted } = await (new_password === undefined ? undo() : undoWith(new_password))
        mail.wake()
        request.record('email change undone', { account: owner.id, detail: { count: ended } })
        const by = { account: owner.id, detail: { reason: 'email change undone' } }
        if (deleted.totp) request.record('totp removed', by)
        if (deleted.passkeys > 0) {
          request.record('passkey removed', { ...by, detail: { ...by.detail, count: deleted.passkeys } })
        }
        if (deleted.identities > 0) {
          const detail = { ...by.detail, count: deleted.identities }
          request.record('identity unlinked', { ...by, detail })
        }
        if (deleted.dropped) request.record('second step not required', by)
        if (new_password === undefined) return
        request.record('password reset', { account: owner.id })
        await rememberDevice(reply, owner)
      },

      async resetPassword(request, { token, new_password, ...removed }, reply) {
        const { delete_passkeys: deletePasskeys, unlink_identities: unlinkIdentities } = removed
        const found = await findEmailToken(request.database, 'reset password', token)
        const { names } = found
        passwords.accept(new_password, [names.username, names.email], '/new_password')
        const admission = passwords.admission(reply, { owner: String(found.user), typed: names })
        const { owner, ended, passkeys, identities } = await claiming(request, 'reset password', token, async () => {
          const hash = await passwords.hash(new_password, admission)
          const reset = { token, hash, deletePasskeys, unlinkIdentities }
          return resetPassword(request.database, sessions.rules, secret, reset)
        })
        mail.wake()
        request.record('password reset', { account: owner.id, detail: { count: ended } })
        const by = { account: owner.id, detail: { reason: 'password reset' } }
        if (passkeys > 0) request.record('passkey removed', { ...by, detail: { ...by.detail, count: passkeys } })
        if (identities > 0) request.record('identity unlinked', { ...by, detail: { ...by.detail, count: identities } })
        await rememberDevice(reply, owner)
      },

      async finishRegistration(request, { token, password, ...named }, reply) {
        const { email } = await findEmailToken(request.database, 'finish registration', token)
        passwords.accept(password, [named.username, email])
        const admission = passwords.admission(reply, { registering: { ...named, email } })
        const user = await claiming(request, 'finish registration', token, async () => {
          const passwordHash = await passwords.hash(password, admission)
          const account = {
            ...named,
            locale: mail.localeOf(request),
            passwordHash,
            isReserved: isUsernameReserved(config, named.username)
          }
          return finishRegistration(request.database, token, account)
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
      'config',
      'database',
      'derive-key',
      'limits',
      'mail',
      'passwords',
      'sessions',
      'tokens'
    ]
  }
)
