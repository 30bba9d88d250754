import type { Static } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { renamePasskey } from '../../src/factors/passkeys.ts'
import { registerPasskey, removePasskey } from '../../src/flows/passkeys.ts'
import { type Passkey, type PasskeyRegistration, toPasskey } from '../../src/schemas/passkeys.ts'

/**
 * Changes of the passkeys of an account by its owner. The routes run `tokens.authenticateSession` first and, except for
 * `rename`, `factors.requireFresh`.
 */
export interface PasskeyEnrolment {
  /**
   * Adds a passkey, by what the browser answered to the options of `passkeys.registrationOptions`.
   *
   * @throws Problem PASSKEY_REJECTED; FORBIDDEN if the account has the maximum
   */
  add(request: FastifyRequest, registration: Static<typeof PasskeyRegistration>): Promise<Passkey>
  /**
   * Renames a passkey.
   *
   * @throws Problem NOT_FOUND if the account has none with that id
   */
  rename(request: FastifyRequest, id: string, name: string): Promise<Passkey>
  /**
   * Deletes a passkey.
   *
   * @throws Problem NOT_FOUND if the account has none with that id; LAST_CREDENTIAL if no way to sign in would be left
   */
  remove(request: FastifyRequest, id: string): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined where `passkeys` is. */
    passkeyEnrolment: PasskeyEnrolment | undefined
  }
}

export default fp(
  async (fastify) => {
    const { factorEnrolment, mail, passkeys } = fastify

    fastify.decorate(
      'passkeyEnrolment',
      passkeys && {
        async add(request, { credential, name }) {
          const verified = await passkeys.verifyRegistration(request, credential)
          const added = await factorEnrolment.change(request, (change) =>
            registerPasskey(mail.available, change, verified, name)
          )
          mail.wake()
          request.record('passkey added', { account: request.user.sub, session: request.user.sid })
          return toPasskey(added)
        },

        async rename(request, id, name) {
          const { database, user } = request
          const renamed = await renamePasskey(database, user.sub, id, name)
          if (!renamed) throw new Problem('NOT_FOUND')
          request.record('passkey renamed', { account: user.sub, session: user.sid })
          return toPasskey(renamed)
        },

        async remove(request, id) {
          const by = { account: request.user.sub, session: request.user.sid }
          const removal = { mail: mail.available, rpId: passkeys.party.id }
          const dropped = await factorEnrolment.change(request, (change) => removePasskey(removal, change, id))
          mail.wake()
          request.record('passkey removed', by)
          if (dropped) request.record('second step not required', by)
        }
      }
    )
  },
  { name: 'passkey-enrolment', dependencies: ['audit', 'database', 'factor-enrolment', 'mail', 'passkeys'] }
)
