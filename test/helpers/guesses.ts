import type { FastifyInstance } from 'fastify'
import { build as buildWhole, PASSWORD, post, refusal } from './app.ts'

export const ON = { LIMITS: 'on' }

/** The application, but for the hashes: what they cost is not what is limited here. */
export async function build(...given: Parameters<typeof buildWhole>): Promise<FastifyInstance> {
  const fastify = await buildWhole(...given)
  fastify.passwords.verify = async (password, hash) => hash !== undefined && password === PASSWORD
  return fastify
}

export const TOO_MANY = refusal(429, 'Too Many Requests', 'TOO_MANY_REQUESTS', 'Too many attempts; try again later.')
export const WRONG = refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')

interface Names {
  username?: string
  email?: string
}

export function login(
  fastify: FastifyInstance,
  names: Names,
  password = 'wrong',
  headers: Record<string, string> = {}
) {
  return post(fastify, '/login', { ...names, password }, headers)
}

/** The statuses of so many wrong passwords, one after the other. */
export async function guess(
  fastify: FastifyInstance,
  times: number,
  names: Names,
  headers: Record<string, string> = {}
) {
  const statuses: number[] = []
  for (let index = 0; index < times; index++) {
    statuses.push((await login(fastify, names, `wrong ${index}`, headers)).statusCode)
  }
  return statuses
}

/** The cookie with which a device is known from now on. */
export async function deviceOf(
  fastify: FastifyInstance,
  names: Names,
  password = PASSWORD
): Promise<Record<string, string>> {
  const { headers } = await login(fastify, names, password)
  return { cookie: String(headers['set-cookie']).split(';')[0] as string }
}

export const wrongs = (count: number) => Array(count).fill(401)
