import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { requireSecret } from '../../src/database/existing-database.ts'
import { readSecrets, requireSecretIfSealed } from '../../src/secrets/secret-file.ts'

/** Requires the secret that seals what is stored, or generates it at the first start of an embedded database. */
export default fp<AppOptions>(
  async (fastify, { existing = false }) => {
    const { config, pg } = fastify
    if (!config.SECRET_KEY) await requireSecretIfSealed(pg.pool, config.DATA_DIR)
    if (existing && !config.SECRET_KEY) requireSecret(config.DATA_DIR)
    readSecrets(config)
  },
  // The embedded database locks the folder first, so that only one process generates a secret.
  { name: 'secrets', dependencies: ['config', 'pg'] }
)
