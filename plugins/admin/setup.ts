import fp from 'fastify-plugin'
import { hasAdmin } from '../../src/admin/roles.ts'
import { createSetup, type Setup } from '../../src/admin/setup.ts'
import type { AppOptions } from '../../src/app-options.ts'
import { isPlainLoopback } from '../../src/http/loopback.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The link by which the first administrator is created, while the service is tried out on one machine. */
    setup: Setup | undefined
  }
}

const BY_COMMAND = 'There is no administrator. Create one: latchkey users create --username <name> --role admin'

/** Says at the start if there is no administrator, and how to create one. */
export default fp<AppOptions>(
  async (fastify, { terminal = process.stdout }) => {
    const { clock, config, database, log } = fastify
    const { ADMIN, DATABASE_URL, PUBLIC_URL } = config
    // No command can open the embedded database while the service runs.
    const isTrial = ADMIN === 'on' && DATABASE_URL === undefined && isPlainLoopback(PUBLIC_URL)
    const setup = isTrial ? createSetup(clock, PUBLIC_URL) : undefined
    fastify.decorate('setup', setup)
    if (ADMIN === 'off') return

    fastify.addHook('onListen', async () => {
      // If the database cannot be asked, the log says so elsewhere.
      if (await hasAdmin(database.open()).catch(() => true)) return
      const text = setup ? `There is no administrator. Create one within 30 minutes at ${setup.url}` : BY_COMMAND
      log.warn(text)
      if (terminal.isTTY) terminal.write(`  ${text}\n`)
    })
  },
  { name: 'setup', dependencies: ['clock', 'config', 'database'] }
)
