import type { FastifyRequest } from 'fastify'

/** Waits for what follows a refusal. If that fails, the refusal stays all the same, and so the attempt stays counted. */
export async function settle(request: FastifyRequest, work: Promise<void> | undefined): Promise<void> {
  await work?.catch((err) => request.log.warn({ err }, 'could not complete what follows a refusal'))
}
