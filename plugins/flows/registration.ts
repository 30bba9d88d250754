import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../../src/database/database.ts'
import { registerUser } from '../../src/flows/registration.ts'
import type { NewMail } from '../../src/mail/mails.ts'
import type { Names, User } from '../../src/schemas/users.ts'
import { isUsernameReserved } from '../../src/users/reserved-usernames.ts'

/** A new account. */
export interface NewAccount {
  names: Names
  password: string
}

/** Registration, from a frontend and from the service's own pages alike. `emailLinks` finishes what `ask` begins. */
export interface Registration {
  /**
   * Creates an account, and sends a mail that verifies its address. Without HIDE_ACCOUNTS.
   *
   * @throws Problem PASSWORD_REJECTED, ACCOUNT_EXISTS, OVERLOADED
   */
  withPassword(request: FastifyRequest, reply: FastifyReply, account: NewAccount): Promise<User>
  /** Sends a mail to an address, whether or not it has an account. With HIDE_ACCOUNTS. */
  ask(request: FastifyRequest, email: string): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    registration: Registration
  }
}

export default fp(
  async (fastify) => {
    const { config, limits, mail, passwords } = fastify

    const countMail = (request: FastifyRequest) =>
      mail.available
        ? (notice: NewMail, transaction: Database) => limits.byRecipient(request, notice, transaction)
        : undefined

    fastify.decorate('registration', {
      async withPassword(request, reply, { names, password }) {
        passwords.accept(password, [names.username, names.email])
        const passwordHash = await passwords.hash(password, passwords.admission(reply, { registering: names }))
        const account = {
          ...names,
          locale: mail.localeOf(request),
          passwordHash,
          isReserved: isUsernameReserved(config, names.username)
        }
        const user = await registerUser(request.database, account, countMail(request))
        mail.wake()
        request.record('registered', { account: user.id })
        return user
      },

      async ask(request, email) {
        await mail.request(request, { kind: 'registration asked', recipient: email })
        request.record('mail asked', { detail: { reason: 'registration' } })
      }
    } satisfies Registration)
  },
  { name: 'registration', dependencies: ['audit', 'config', 'database', 'limits', 'mail', 'passwords'] }
)
