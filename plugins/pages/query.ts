import type { FastifyRequest } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { UUID } from '../../src/schemas/fields.ts'

/** The query of a URL, with its question mark; empty if there is none. */
export const queryOf = (url: string): string => /\?.*/.exec(url)?.[0] ?? ''

/** The path of a route from the root of the service, which another application may have below a prefix. */
export const pathBelow = (prefix: string, url: string | undefined): string => String(url).slice(prefix.length)

const ID = new RegExp(UUID)

/**
 * Reads the `id` in the query of a page: what it is about.
 *
 * @throws Problem NOT_FOUND unless it is a UUID
 */
export function idOf({ query }: FastifyRequest): string {
  const { id } = query as { id?: unknown }
  if (typeof id !== 'string' || !ID.test(id)) throw new Problem('NOT_FOUND')
  return id
}
