import fp from 'fastify-plugin'
import { checkTotp, refundTotpCheck, useTotp } from '../../src/factors/totp-secrets.ts'

/** Adds the codes of authenticator apps (TOTP, RFC 6238) to `fastify.factors`. */
export default fp(
  async (fastify) => {
    const key = fastify.deriveKey('totp secrets')

    fastify.factors.add({
      name: 'totp',
      async check({ database }, { id }, code) {
        const proof = await checkTotp(database, key, id, code)
        return (
          proof && {
            proof: 'totp',
            use: (transaction) => useTotp(transaction, id, proof),
            refund: (database) => refundTotpCheck(database, id)
          }
        )
      }
    })
  },
  { name: 'totp', dependencies: ['derive-key', 'factors'] }
)
