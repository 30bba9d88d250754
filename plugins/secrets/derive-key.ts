import fp from 'fastify-plugin'
import { deriveKey, type KeyPurpose } from '../../src/secrets/derive-key.ts'
import { readRootSecret } from '../../src/secrets/root-secret.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The key of 32 bytes for a purpose, the same in every instance. Nobody else holds the secret that it comes from. */
    deriveKey(purpose: KeyPurpose): Buffer
  }
}

export default fp(
  async (fastify) => {
    const rootSecret = await readRootSecret(fastify.openDatabase(), fastify.secrets)
    fastify.decorate('deriveKey', (purpose) => deriveKey(rootSecret, purpose))
  },
  // The key ring first: it has the better message for a SECRET_KEY that opens nothing.
  { name: 'derive-key', dependencies: ['database', 'key-ring', 'secrets'] }
)
