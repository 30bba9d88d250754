import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { Pool } from 'pg'
import type { LatchkeyOptions } from './options.ts'
import { readOptions } from './options.ts'
import { register } from './register.ts'

export type { Claims } from '../tokens/claims.ts'
export type { Needs } from './needs.ts'
export type { DatabasePool, LatchkeyOptions } from './options.ts'
export type { Authorizable, Challenging, Latchkey } from './register.ts'
export type { UserName, Users } from './users.ts'

/** Registers the service below a prefix of an application (docs/plugin.md). */
const latchkey: FastifyPluginAsync<LatchkeyOptions> = async (host, options) => {
  const { prefix, name, pool } = options
  const config = readOptions(options)
  const given = { config, ...(pool && { pool: pool as unknown as Pool }) }
  register(host as unknown as FastifyInstance, { prefix, name }, given)
}

export default fp(latchkey, { name: 'latchkey', fastify: '5.x' })
