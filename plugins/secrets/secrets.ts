import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { requireSecret } from '../../src/database/existing-database.ts'
import type { Secrets } from '../../src/secrets/sealing.ts'
import { generatedSecret, requireSealingSecret } from '../../src/secrets/secret-file.ts'

declare module 'fastify' {
  interface FastifyInstance {
    secrets: Secrets
  }
}

/** The secrets that wrap what is stored: those of the environment, or the one generated beside the embedded database. */
export default fp<AppOptions>(
  async (fastify, { existing = false }) => {
    const { SECRET_KEY, SECRET_KEY_PREVIOUS, DATA_DIR } = fastify.config
    if (!SECRET_KEY) await requireSealingSecret(fastify.pg.pool, DATA_DIR)
    if (existing && !SECRET_KEY) requireSecret(DATA_DIR)
    fastify.decorate('secrets', { current: SECRET_KEY ?? generatedSecret(DATA_DIR), previous: SECRET_KEY_PREVIOUS })
  },
  // The embedded database first: it keeps a second process out of the folder.
  { name: 'secrets', dependencies: ['config', 'pg'] }
)
