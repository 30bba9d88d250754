import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { type ConsoleFiles, consoleFolder, readConsole } from '../../src/pages/console.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The files of the console; undefined if it was not built. */
    consoleFiles: ConsoleFiles | undefined
  }
}

export default fp<Pick<AppOptions, 'consoleFolder'>>(
  async (fastify, { consoleFolder: folder = consoleFolder() }) => {
    fastify.decorate('consoleFiles', readConsole(folder, fastify.config.PAGES))
  },
  { name: 'console', dependencies: ['config'] }
)
