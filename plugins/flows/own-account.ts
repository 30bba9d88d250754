import type { Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Admission } from '../../src/concurrency/semaphore.ts'
import { Problem } from '../../src/errors.ts'
import { deleteOwnAccount } from '../../src/flows/account-deletion.ts'
import { changePassword } from '../../src/flows/password-change.ts'
import { exportAccount } from '../../src/flows/personal-data.ts'
import type { EmailChange } from '../../src/schemas/email.ts'
import type { PasswordChange } from '../../src/schemas/passwords.ts'
import type { User } from '../../src/schemas/users.ts'
import { type Credentials, type DeviceOwner, findOwnCredentials } from '../../src/users/credentials.ts'
import { isUsernameReserved } from '../../src/users/reserved-usernames.ts'
import { changeUsername, nameTaken } from '../../src/users/users.ts'

/**
 * Changes that users make to their own accounts, from a frontend or from the service's own pages. Needs
 * `request.user` and `request.account` as `tokens.authenticateSession` sets them. Where a current password is given,
 * `factors.requireFreshSecondStep` runs first, and the refusals are those of `checkOwnPassword` as well.
 */
export interface OwnAccount {
  /**
   * Changes the username, or chooses the first one.
   *
   * @throws Problem ACCOUNT_EXISTS if it is taken or reserved; TOKEN_INVALID if the account was deleted meanwhile
   */
  changeUsername(request: FastifyRequest, username: string): Promise<User>
  /**
   * Changes the password, and ends all other sessions. The current password is optional only with a fresh token at
   * `aal2`.
   *
   * @throws Problem PASSWORD_REJECTED; VALIDATION_FAILED if the current password is missing; TOKEN_INVALID if the
   * session has ended meanwhile
   */
  changePassword(request: FastifyRequest, reply: FastifyReply, change: Static<typeof PasswordChange>): Promise<void>
  /** Sends a mail to the new address, which confirms the change. */
  askEmailChange(request: FastifyRequest, reply: FastifyReply, change: Static<typeof EmailChange>): Promise<void>
  /** Deletes the account and all its data. */
  delete(request: FastifyRequest, reply: FastifyReply, currentPassword: string): Promise<void>
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
    const { checkOwnPassword, config, factors, limits, mail, passwords, sessions } = fastify
    const limitSecret = fastify.deriveKey('limits')

    /** Runs a change of the password that the token alone permits. */
    async function withoutPassword(
      request: FastifyRequest,
      reply: FastifyReply,
      change: (credentials: Credentials, admission: Admission) => Promise<DeviceOwner>
    ): Promise<DeviceOwner> {
      const { account: user, database } = request
      if (!factors.isFreshAal2(request)) {
        throw new Problem('VALIDATION_FAILED', { errors: [{ path: '/current_password', message: 'is required' }] })
      }
      const admission = passwords.admission(reply, { owner: user.id, typed: user })
      const credentials = await findOwnCredentials(database, user.id)
      if (!credentials) throw new Problem('TOKEN_INVALID')
      return change(credentials, admission)
    }

    fastify.decorate('ownAccount', {
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

        const changeTo = async (credentials: Credentials, admission: Admission) => {
          const hash = await passwords.hash(next, admission)
          const notify = mail.available && user.email_verified ? String(user.email) : undefined
          return changePassword(database, sessions.rules, request.user, credentials, { hash, notify })
        }
        const owner = await (password === undefined
          ? withoutPassword(request, reply, changeTo)
          : checkOwnPassword(request, reply, { purpose: 'password change', password }, (account, { admission }) =>
              changeTo(account, admission)
            ))
        mail.wake()
        request.record('password changed', { account: user.id, session: request.user.sid })
        await limits.rememberDevice(reply, owner)
      },

      async askEmailChange(request, reply, { new_email: recipient, current_password: password }) {
        const { id: userId } = request.account
        const given = { purpose: 'email change', password } as const
        const versions = await checkOwnPassword(request, reply, given, async ({ password_version, email_version }) => ({
          password_version: String(password_version),
          email_version: String(email_version)
        }))
        await mail.request(request, { kind: 'confirm new email', recipient, userId, data: versions })
        request.record('email change asked', { account: userId, session: request.user.sid })
      },

      async delete(request, reply, password) {
        const { account: user, database } = request
        const given = { purpose: 'account deletion', password } as const
        await checkOwnPassword(request, reply, given, async (account, { refuse }) => {
          if (!(await deleteOwnAccount(database, account))) throw refuse()
        })
        request.record('user deleted', { account: user.id, session: request.user.sid })
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
