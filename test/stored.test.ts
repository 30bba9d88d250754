import { createPrivateKey } from 'node:crypto'
import { test } from 'tap'
import { identifier, sql } from '../src/database/sql.ts'
import { readRootSecret } from '../src/secrets/root-secret.ts'
import { readSecrets } from '../src/secrets/secret-file.ts'
import { bearer, build, PASSWORD, post, signIn } from './helpers/app.ts'
import { letters } from './helpers/letters.ts'

const SECRET_KEY = 'only for tests, and long enough to be one'

test('a copy of a database in use shows no secret', async (t) => {
  const fastify = await build(t)
  const { access_token, refresh_token: first } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const [verification, ...waiting] = (await letters(fastify)).map(({ token }) => String(token))
  t.equal((await post(fastify, '/email/verify', { token: verification, password: PASSWORD })).statusCode, 204)
  t.strictSame(waiting, [])
  await post(fastify, '/password/forgot', { email: 'ada@example.com' })
  const [reset] = (await letters(fastify)).map(({ token }) => String(token))
  await post(fastify, '/password/forgot', { email: 'ada@example.com' })
  const { refresh_token: second } = (await post(fastify, '/token/refresh', { refresh_token: first })).json()
  const { refresh_token: third } = (await post(fastify, '/token/refresh', { refresh_token: second })).json()
  const change = { current_password: PASSWORD, new_password: 'another horse, another battery' }
  const changed = await post(fastify, '/password/change', change, bearer(access_token))
  t.equal(changed.statusCode, 204)

  const database = fastify.database.open()
  const tables = await database.query(sql`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`)
  const rows = await Promise.all(
    tables.map(({ name }) =>
      fastify.database.open().query(sql`SELECT to_jsonb(stored)::text AS row FROM ${identifier(name)} AS stored`)
    )
  )
  const copy = rows.flat().map(({ row }) => row.toLowerCase())
  t.ok(copy.length >= 4 && copy.some((row) => row.includes('ada')), 'the copy has everything in it')

  const rootSecret = await readRootSecret(database, readSecrets(fastify.config))
  const { d } = createPrivateKey(fastify.keys.signingKey().privateKey).export({ format: 'jwk' })
  const secrets: [what: string, bytes: Buffer][] = [
    ['SECRET_KEY', Buffer.from(SECRET_KEY)],
    ['the root secret', Buffer.from(rootSecret, 'base64url')],
    ['the key of successors', fastify.sessions.rules.successorKey],
    ['a private signing key', Buffer.from(String(d), 'base64url')],
    ['the first password', Buffer.from(PASSWORD)],
    ['the second password', Buffer.from(change.new_password)],
    ['the token of a mail, used', Buffer.from(String(verification))],
    ['its bytes', Buffer.from(String(verification), 'base64url')],
    ['the token of a mail', Buffer.from(String(reset))],
    ['the bytes of that', Buffer.from(String(reset), 'base64url')],
    ['the key of such tokens', fastify.deriveKey('email tokens')],
    ['an access token', Buffer.from(access_token)],
    ...[first, second, third].flatMap((token, index): [string, Buffer][] => [
      [`refresh token ${index + 1}`, Buffer.from(token)],
      [`the family of refresh token ${index + 1}`, Buffer.from(token.split('.')[1], 'base64url')],
      [`the rotating part of refresh token ${index + 1}`, Buffer.from(token.split('.')[2], 'base64url')]
    ])
  ]
  for (const [what, bytes] of secrets) {
    const forms = (['utf8', 'hex', 'base64', 'base64url'] as const).map((form) => bytes.toString(form).toLowerCase())
    t.notOk(
      copy.some((row) => forms.some((form) => form.length > 8 && row.includes(form))),
      what
    )
  }
})
