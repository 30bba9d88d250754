import Fastify, { type FastifyInstance } from 'fastify'
import { registerPlugins } from '../app.ts'
import type { AppOptions } from '../app-options.ts'
import { serverOptions } from '../transport/server-options.ts'

/**
 * The application without its routes, for the commands of an operator: what it has, on the database that the service
 * would use, and nothing that listens. The caller closes it.
 *
 * @param log where its warnings and errors go
 * @throws what keeps the service from starting: a configuration at fault, a database that cannot be used or is in use
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
