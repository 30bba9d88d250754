import type pg from 'pg'
import { test } from 'tap'
import { TABLES } from '../src/backups/backup.ts'
import { bearer, build, signIn } from './helpers/app.ts'
import { migratedPool } from './helpers/pool.ts'

/** Tables that a backup leaves out, and why. */
const NOT_IN_THE_BACKUP: Record<string, string> = {
  latchkey_migrations: 'a restore runs the migrations, which fill it',
  users_by_role: 'triggers of users fill it',
  totals: 'counted again every minute'
}

/** Where GET /me/export has what a table stores about a user. */
const IN_THE_EXPORT: Record<string, string> = {
  users: 'user',
  sessions: 'sessions',
  resting_usernames: 'resting_usernames',
  email_changes: 'email_changes',
  email_tokens: 'email_tokens',
  totp: 'mfa',
  recovery_codes: 'recovery_codes',
  passkeys: 'passkeys',
  identities: 'identities',
  login_steps: 'login_steps',
  service_keys: 'service_keys',
  mails: 'mails',
  audit: 'records'
}

/** Tables with a user in them that the export leaves out, and why. */
const NOT_IN_THE_EXPORT: Record<string, string> = {
  users_by_role: 'an index of what is in users'
}

/** A column that names a user or a person, whatever it refers to. */
const NAMES_A_USER = '(^|_)(user|account|owner|username|email|recipient|ip)(_|$)'

/** What is missing from the backup or the export, for each table of the schema. */
async function missing(query: pg.Pool['query'], exported: string[]): Promise<string[]> {
  const { rows } = await query<{ name: string; personal: boolean }>(
    `WITH RECURSIVE belonging AS (
       SELECT 'users'::regclass::oid AS id
       UNION
       SELECT conrelid FROM pg_constraint JOIN belonging ON confrelid = belonging.id WHERE contype = 'f'
     )
     SELECT table_name AS name,
       quote_ident(table_name)::regclass::oid IN (SELECT id FROM belonging) OR EXISTS (
         SELECT FROM information_schema.columns
         WHERE columns.table_schema = 'public' AND columns.table_name = tables.table_name AND column_name ~ $1
       ) AS personal
     FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`,
    [NAMES_A_USER]
  )
  return rows.flatMap(({ name, personal }) => {
    const key = IN_THE_EXPORT[name]
    const isBackedUp = (TABLES as readonly string[]).includes(name) || name in NOT_IN_THE_BACKUP
    const isExported = (key !== undefined && exported.includes(key)) || name in NOT_IN_THE_EXPORT
    return [
      ...(isBackedUp ? [] : [`${name} is missing from TABLES of src/backups/backup.ts`]),
      ...(personal && !isExported ? [`${name} is missing from src/flows/personal-data.ts`] : [])
    ]
  })
}

test('what is stored about a user', async (t) => {
  const fastify = await build(t)
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const response = await fastify.inject({ url: '/me/export', headers: bearer(access_token) })
  const exported = Object.keys(response.json())
  const pool = await migratedPool(t)

  await t.test('is in the backup, and in the export of the user', async (t) => {
    t.strictSame(await missing(pool.query.bind(pool), exported), [])
  })

  await t.test('is missed where it is not', async (t) => {
    const client = await pool.connect()
    t.teardown(() => client.release())
    await client.query('BEGIN')
    await client.query('CREATE TABLE devices (session uuid REFERENCES sessions)')
    await client.query('CREATE TABLE nicknames (account_id uuid)')
    await client.query('CREATE TABLE words (word text)')
    const found = await missing(
      client.query.bind(client) as pg.Pool['query'],
      exported.filter((key) => key !== 'mails')
    )
    await client.query('ROLLBACK')
    t.strictSame(found, [
      'devices is missing from TABLES of src/backups/backup.ts',
      'devices is missing from src/flows/personal-data.ts',
      'mails is missing from src/flows/personal-data.ts',
      'nicknames is missing from TABLES of src/backups/backup.ts',
      'nicknames is missing from src/flows/personal-data.ts',
      'words is missing from TABLES of src/backups/backup.ts'
    ])
  })
})
