import fp from 'fastify-plugin'
import { deriveKey, type KeyPurpose } from '../../src/secrets/derive-key.ts'
import { readRootSecret } from '../../src/secrets/root-secret.ts'
import { readSecrets } from '../../src/secrets/secret-file.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Derives the 32-byte key for a purpose, the same in every instance. Only this plugin holds the root secret. */
    deriveKey(purpose: KeyPurpose): Buffer
  }
}

/** Reads the root secret, and derives keys from it. */
export default fp(
  async (fastify) => {
    const rootSecret = await readRootSecret(fastify.database.open(), readSecrets(fastify.config))
    fastify.decorate('deriveKey', (purpose) => deriveKey(rootSecret, purpose))
  },
  // The keys come first: they have the better message for a SECRET_KEY that opens nothing.
  { name: 'derive-key', dependencies: ['config', 'database', 'keys', 'secrets'] }
)
