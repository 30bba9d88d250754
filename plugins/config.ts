import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app-options.ts'
import { type Config, readConfig } from '../src/config/config.ts'
import { keepFilesPrivate } from '../src/config/data-folder.ts'
import { readEnvFile } from '../src/config/env-file.ts'
import { checkPublicUrl } from '../src/doctor/checks.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
  }
}

/** The validated configuration. */
export default fp<AppOptions>(
  async (fastify, { config = readOwn() }) => {
    fastify.decorate('config', config)
    for (const { message, fix } of checkPublicUrl(config)) fastify.log.warn(`PUBLIC_URL ${message} (${fix})`)
  },
  { name: 'config' }
)

/** Reads `.env` here too: fastify-cli, which starts the application in development, ignores one that it cannot read. */
function readOwn(): Config {
  keepFilesPrivate()
  readEnvFile()
  return readConfig()
}
