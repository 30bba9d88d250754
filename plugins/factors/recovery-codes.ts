import fp from 'fastify-plugin'
import { hasRecoveryCode, useRecoveryCode } from '../../src/factors/recovery-codes.ts'
import { resetWrongCodes } from '../../src/factors/totp-secrets.ts'
import { enqueueNotice } from '../../src/mail/mails.ts'

/** Adds recovery codes to `fastify.factors`. Each use is recorded, and reported to the owner by mail. */
export default fp(
  async (fastify) => {
    const { mail } = fastify
    const key = fastify.deriveKey('recovery codes')

    fastify.factors.add({
      name: 'recovery_code',
      async check(request, { id }, code) {
        if (!(await hasRecoveryCode(request.database, key, id, code))) return undefined
        return {
          proof: 'recovery_code',
          async use(transaction) {
            const used = await useRecoveryCode(transaction, key, id, code)
            if (!used) return false
            await resetWrongCodes(transaction, id)
            if (mail.available) await enqueueNotice(transaction, id, { what: 'recovery code used', left: used.left })
            return true
          },
          used() {
            request.record('recovery code used', { account: id })
            mail.wake()
          }
        }
      }
    })
  },
  { name: 'recovery-codes', dependencies: ['derive-key', 'factors', 'mail'] }
)
