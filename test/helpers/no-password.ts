import type { FastifyInstance } from 'fastify'
import { sql } from '../../src/database/sql.ts'
import { signIn } from './app.ts'

/** Signs in to a new account, and removes its password. Its sessions stay as they are. */
export async function signInWithout(fastify: FastifyInstance, names: { username?: string; email?: string }) {
  const signedIn = await signIn(fastify, names)
  await removePassword(fastify, signedIn.user.id)
  return signedIn
}

/** Removes the password of an account. */
export const removePassword = (fastify: FastifyInstance, id: string) =>
  fastify.database.open().query(sql`UPDATE users SET password_hash = NULL WHERE id = ${id}`)

/** Gives an account a password, past the routes. */
export const givePassword = (fastify: FastifyInstance, id: string) =>
  fastify.database
    .open()
    .query(sql`UPDATE users SET password_hash = 'a hash', password_version = password_version + 1 WHERE id = ${id}`)
