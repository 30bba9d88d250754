import Fastify, { type FastifyInstance } from 'fastify'
import { registerPlugins } from '../app.ts'
import type { AppOptions } from '../app-options.ts'
import { serverOptions } from '../transport/server-options.ts'

/**
 * Opens the application without its routes, for commands: its plugins, on the database of the service, without listening.
 * The caller closes it.
 *
 * @param log receives the log, from the level error
 * @throws the error that would prevent the service from starting
 */
export async function openHeadlessApp(given: AppOptions, log: { write(line: string): void }): Promise<FastifyInstance> {
  const fastify = Fastify({ ...serverOptions, logger: { ...serverOptions.logger, level: 'error', stream: log } })
  const headless = fastify as unknown as FastifyInstance
  try {
    registerPlugins(headless, given)
    await fastify.ready()
    return headless
  } catch (error) {
    await fastify.close()
    throw error
  }
}
