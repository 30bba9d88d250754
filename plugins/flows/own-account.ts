import type { Static, TSchema } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { deleteOwnAccount } from '../../src/flows/account-deletion.ts'
import { changePassword } from '../../src/flows/password-change.ts'
import { exportAccount } from '../../src/flows/personal-data.ts'
import type { EmailChange } from '../../src/schemas/email.ts'
import type { PasswordChange } from '../../src/schemas/passwords.ts'
import type { AccountDeletion, User } from '../../src/schemas/users.ts'
import { type Credentials, findOwnCredentials, wrongPassword } from '../../src/users/credentials.ts'
import { isUsernameReserved } from '../../src/users/reserved-usernames.ts'
import { changeUsername, nameTaken } from '../../src/users/users.ts'
import type { Validated } from '../http/request-rules.ts'
import type { OwnChange, PasswordContext } from './own-password.ts'
import { createRefusedChanges } from './refused-changes.ts'

/**
 * Changes that users make to their own accounts, from a frontend or from the service's own pages. Needs
 * `request.user` and `request.account` as `tokens.authenticateSession` sets them. Before changes that ask for the current
 * password, `factors.requireFreshBesidePassword` runs. Their refusals are those of `checkOwnPassword`, VALIDATION_FAILED if
 * the password is missing, and TOKEN_INVALID if the session has ended or the account was deleted meanwhile.
 */
export interface OwnAccount {
  /**
   * Whether a change needs the current password. The session is enough if the account has none and, for a change of the
   * password, if it is fresh and at `aal2`.
   */
  needsPassword(request: FastifyRequest, change: OwnChange): boolean
  /**
   * Makes a preValidation hook, which reports a missing current password together with the other faults of the body.
   *
   * @param body the schema of the body, with the current password required
   */
  requirePassword(change: OwnChange, body: TSchema): (request: FastifyRequest) => Promise<void>
  /**
   * Changes the username, or chooses the first one.
   *
   * @throws Problem ACCOUNT_EXISTS if it is taken or reserved; TOKEN_INVALID if the account was deleted meanwhile
   */
  changeUsername(request: FastifyRequest, username: string): Promise<User>
  /**
   * Changes the password, or sets the first one, and ends all other sessions.
   *
   * @throws Problem PASSWORD_REJECTED
   */
  changePassword(request: FastifyRequest, reply: FastifyReply, change: Static<typeof PasswordChange>): Promise<void>
  /** Sends a mail to the new address, which confirms the change. */
  askEmailChange(request: FastifyRequest, reply: FastifyReply, change: Static<typeof EmailChange>): Promise<void>
  /** Deletes the account and all its data. */
  delete(request: FastifyRequest, reply: FastifyReply, deletion: Static<typeof AccountDeletion>): Promise<void>
  /**
   * Exports all stored data of the user as JSON text, in chunks.
   *
   * @throws Problem TOKEN_INVALID if the account was deleted meanwhile
   */
  exportData(request: FastifyRequest): Promise<AsyncIterable<string>>
}

declare module 'fastify' {
  interface FastifyInstance {
    ownAccount: OwnAccount
  }
}

export default fp(
  async (fastify) => {
    const { clock, config, factors, limits, mail, passwords, sessions } = fastify
    const recordRefused = createRefusedChanges(clock.now)
    const limitSecret = fastify.deriveKey('limits')

    function needsPassword(request: FastifyRequest, change: OwnChange): boolean {
      // The form of a page that could not be read, or that came without the database, belongs to no session: it stays as it was.
      const { account, body } = request as Partial<Pick<FastifyRequest, 'account' | 'body'>>
      if (!account) return !body || 'current_password' in Object(body)
      return account.hasPassword && !(change === 'password change' && factors.isFreshAal2(request))
    }

    /** Runs a change with the current password or, where that is not needed, by the session alone. */
    async function changing<Result>(
      request: FastifyRequest,
      reply: FastifyReply,
      { purpose, password }: { purpose: OwnChange; password: string | undefined },
      work: (credentials: Credentials, context: PasswordContext) => Promise<Result>
    ): Promise<Result> {
      if (password !== undefined) return fastify.checkOwnPassword(request, reply, { purpose, password }, work)
      const { account: user, database } = request
      if (needsPassword(request, purpose)) throw passwordMissing()
      const admission = passwords.admission(reply, { owner: user.id, typed: user })
      const credentials = await findOwnCredentials(database, user.id)
      if (!credentials) throw new Problem('TOKEN_INVALID')
      // The account may have been given a password since its session was found.
      if (!user.hasPassword && credentials.password_hash !== null) throw passwordMissing()
      return work(credentials, { admission, refuse: wrongPassword })
    }

    fastify.decorate('ownAccount', {
      needsPassword,

      requirePassword: (change, body) => async (request) => {
        if (request.body === undefined || !needsPassword(request, change)) return
        const validate: (data: unknown) => unknown = request.compileValidationSchema(body)
        const result = validate(request.body) as Validated
        if (result !== true) throw result.error
      },

      async changeUsername(request, username) {
        const { account, database } = request
        const isSame = account.username?.toLowerCase() === username.toLowerCase()
        if (!isSame && isUsernameReserved(config, username)) throw nameTaken('/username')
        const user = await changeUsername(database, { tokenTtl: config.ACCESS_TOKEN_TTL }, account.id, username)
        if (!user) throw new Problem('TOKEN_INVALID')
        request.record('username changed', { account: user.id, session: request.user.sid })
        return user
      },

      async changePassword(request, reply, { current_password: password, new_password: next }) {
        const { account: user, database } = request
        passwords.accept(next, [user.username, user.email], '/new_password')

        const purpose = 'password change'
        const owner = await changing(request, reply, { purpose, password }, async (credentials, { admission }) => {
          const hash = await passwords.hash(next, admission)
          const notify = mail.available && user.email_verified ? String(user.email) : undefined
          return changePassword(database, sessions.rules, request.user, credentials, { hash, notify })
        })
        mail.wake()
        request.record('password changed', { account: user.id, session: request.user.sid })
        await limits.rememberDevice(reply, owner)
      },

      async askEmailChange(request, reply, { new_email: recipient, current_password: password }) {
        const { id: userId } = request.account
        const given = { purpose: 'email change', password } as const
        const versions = await changing(request, reply, given, async ({ password_version, email_version }) => ({
          password_version: String(password_version),
          email_version: String(email_version)
        }))
        await mail.request(request, { kind: 'confirm new email', recipient, userId, data: versions })
        request.record('email change asked', { account: userId, session: request.user.sid })
      },

      async delete(request, reply, { current_password: password }) {
        const { account: user, database } = request
        const given = { purpose: 'account deletion', password } as const
        const subject = { account: user.id, session: request.user.sid }
        await changing(request, reply, given, async (account, { refuse }) => {
          if (!(await deleteOwnAccount(database, sessions.rules, request.user, account))) throw refuse()
        }).catch((error) => {
          recordRefused(request, error, subject)
          throw error
        })
        request.record('user deleted', subject)
      },

      async exportData(request) {
        const { id: user } = request.account
        const text = await exportAccount({ openDatabase: fastify.database.open, limitSecret, user })
        if (!text) throw new Problem('TOKEN_INVALID')
        request.record('data exported', { account: user, session: request.user.sid })
        return text
      }
    } satisfies OwnAccount)
  },
  {
    name: 'own-account',
    dependencies: [
      'audit',
      'clock',
      'config',
      'database',
      'derive-key',
      'factors',
      'limits',
      'mail',
      'own-password',
      'passwords',
      'sessions'
    ]
  }
)

const passwordMissing = () =>
  new Problem('VALIDATION_FAILED', { errors: [{ path: '/current_password', message: 'is required' }] })
