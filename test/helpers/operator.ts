import type { FastifyInstance, InjectOptions } from 'fastify'
import { createServiceKey } from '../../src/admin/service-keys.ts'
import { listAudit } from '../../src/audit/list.ts'
import { sql } from '../../src/database/sql.ts'
import { answer, bearer, PASSWORD, post, refusal } from './app.ts'

/** Somebody who calls the admin API. */
export interface Caller {
  id: string
  token: string
  /** Sends a request, and returns its status and body. */
  call(method: NonNullable<InjectOptions['method']>, path: string, body?: unknown): Promise<ReturnType<typeof answer>>
  /** The same with the whole response. */
  send(
    method: NonNullable<InjectOptions['method']>,
    path: string,
    body?: unknown
  ): ReturnType<FastifyInstance['inject']> & Promise<Awaited<ReturnType<FastifyInstance['inject']>>>
}

/** Calls `/admin/…` with a bearer token. */
export function callerOf(fastify: FastifyInstance, id: string, token: string): Caller {
  const send = (method: NonNullable<InjectOptions['method']>, path: string, body?: unknown) =>
    fastify.inject({
      method,
      url: `/admin${path}`,
      headers: bearer(token),
      ...(body !== undefined && { payload: body as object })
    })
  return { id, token, send: send as Caller['send'], call: async (...given) => answer(await send(...given)) }
}

/** Registers an account with roles, and signs in. */
export async function operator(
  fastify: FastifyInstance,
  username: string,
  roles: string[] = ['admin']
): Promise<Caller> {
  const { id } = (await post(fastify, '/register', { username, password: PASSWORD })).json()
  await fastify.database.open().query(sql`UPDATE users SET roles = ${roles} WHERE id = ${id}`)
  const { access_token } = (await post(fastify, '/login', { username, password: PASSWORD })).json()
  return callerOf(fastify, id, access_token)
}

/** Makes a service key. */
export async function machine(fastify: FastifyInstance, scopes: string[], name = 'a machine'): Promise<Caller> {
  const database = fastify.database.open()
  const { serviceKey, key } = await database.transact((transaction) => createServiceKey(transaction, { name, scopes }))
  return callerOf(fastify, serviceKey.id, key)
}

/** Inserts an account past the routes. */
export async function addAccount(
  fastify: FastifyInstance,
  { username = null, email = null, verified = false, roles = [], hash = 'no hash' }: NewAccount
): Promise<string> {
  const [row] = await fastify.database.open().query<{ id: string }>(
    sql`INSERT INTO users (id, username, email, email_verified, password_hash, created_at, roles)
     VALUES (gen_random_uuid(), ${username}, ${email}, ${verified}, ${hash}, now(), ${roles}) RETURNING id`
  )
  return (row as { id: string }).id
}

interface NewAccount {
  username?: string | null
  email?: string | null
  verified?: boolean
  roles?: string[]
  hash?: string | null
}

/** What operators did, the oldest first: of the records, what does not differ from run to run. */
export async function actsOf(fastify: FastifyInstance) {
  const records = await listAudit(fastify.database.open(), { limit: 1000 })
  return records
    .filter(({ actor }) => actor === 'admin' || actor === 'key')
    .map(({ actor, action, account, session, detail }) => ({ actor, action, account, session, detail }))
}

export const FORBIDDEN = { statusCode: 403, body: refusal(403, 'Forbidden', 'FORBIDDEN', 'That is not allowed.') }
export const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }
export const DONE = { statusCode: 204, body: '' }
const PROTECTED = 'Only an administrator may change an account with this role.'
export const ROLE_PROTECTED = { statusCode: 403, body: refusal(403, 'Forbidden', 'ROLE_PROTECTED', PROTECTED) }
const LAST = 'That would leave no enabled administrator.'
export const LAST_ADMIN = { statusCode: 409, body: refusal(409, 'Conflict', 'LAST_ADMIN', LAST) }
export const TOO_MANY = {
  statusCode: 429,
  body: refusal(429, 'Too Many Requests', 'TOO_MANY_REQUESTS', 'Too many attempts; try again later.')
}

/** A refusal for the body or the query. */
export const invalid = (path: string, message: string, rule?: string) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
    { path, message, ...(rule && { rule }) }
  ])
})

/** What the answer to a request that is not fresh has of interest. */
export const STALE = { statusCode: 401, body: { code: 'STEP_UP_REQUIRED' } }

/** An id that nobody has. */
export const NOBODY = '00000000-0000-4000-8000-000000000000'
