import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { build, post, signIn } from './app.ts'
import { operator } from './command.ts'
import { poolOf, type TestDatabase } from './database.ts'

export const PASSPHRASE = { input: 'a passphrase for backups alone\n' }

/** Another installation has another SECRET_KEY. */
export const ELSEWHERE = { SECRET_KEY: 'another secret, of another installation' }

/** The service's own tables, to the letter. */
export async function contentOf(t: Test, database: TestDatabase): Promise<Record<string, unknown[]>> {
  const pool = await poolOf(t, database)
  const { rows } = await pool.query(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'latchkey_migrations' ORDER BY 1"
  )
  const content: Record<string, unknown[]> = {}
  for (const { name } of rows) {
    content[name] = (await pool.query(`SELECT stored::text AS row FROM ${name} AS stored ORDER BY 1`)).rows
  }
  return content
}

/**
 * A service that has been in use: accounts, sessions that have rotated and ended, an address that has changed, a mail that
 * waits, a key to come and one that was revoked, a record.
 */
export async function inUse(t: Test, database: TestDatabase) {
  const fastify = await build(t, { database, environment: { LIMITS: 'on' } })
  const ada = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const { refresh_token } = (await post(fastify, '/token/refresh', { refresh_token: ada.refresh_token })).json()
  const grace = await signIn(fastify, { email: 'grace@example.com' })
  await post(fastify, '/logout', { refresh_token: grace.refresh_token })
  await post(fastify, '/login', { username: 'ada', password: 'wrong' })
  const { kid } = fastify.keys.signingKey()
  await fastify.close()
  await fill(t, database, ada.user.id)
  const run = await operator(t, { database })
  await run(['keys', 'rotate'])
  return {
    run,
    kid,
    access_token: ada.access_token,
    refresh_token,
    replayed: ada.refresh_token,
    over: grace.refresh_token
  }
}

/** A row of each table that nothing above leaves one in. */
async function fill(t: Test, database: TestDatabase, user: string): Promise<void> {
  const pool = await poolOf(t, database)
  const change = randomUUID()
  await pool.query(
    `INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
     VALUES ($1, $2, 'ada@example.org', 1, now())`,
    [change, user]
  )
  await pool.query(
    "INSERT INTO resting_usernames (username, user_id, until) VALUES ('ada.l', $1, now() + interval '1 hour')",
    [user]
  )
  await pool.query(
    `INSERT INTO email_tokens (hash, purpose, mail_id, user_id, email, email_change, sent_at, expires_at)
     VALUES ('\\x00ff', 'undo email change', $1, $2, 'ada@example.org', $3, now(), now() + interval '1 day')`,
    [randomUUID(), user, change]
  )
  await pool.query(
    `INSERT INTO mails (id, kind, recipient, user_id, data, created_at, next_attempt_at)
     VALUES ($1, 'email changed', 'ada@example.org', $2, '{"né": "\\\\ \\""}', now(), now() + interval '1 day')`,
    [randomUUID(), user]
  )
  await pool.query(
    `INSERT INTO signing_keys (kid, public_key, created_at, sign_from, revoked_at)
     VALUES ('revoked', '{}', now(), now(), now())`
  )
}
