import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, build, INVALID_TOKEN, PASSWORD, post, refusal } from '../../helpers/app.ts'
import { embeddedDatabase } from '../../helpers/database.ts'

const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }
const INVALID = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }

test('POST /admin/setup', async (t) => {
  const fastify = await build(t, { database: await embeddedDatabase(t) })
  const token = String(fastify.setup?.url).split('#setup=')[1] as string
  const admin = { token, username: 'admin', password: PASSWORD }
  const setUp = (payload: object, headers = {}) => post(fastify, '/admin/setup', payload, headers)

  await t.test('refuses another token, a bad password, and names that do not fit', async (t) => {
    const response = await setUp({ ...admin, token: `${token}x` })
    t.strictSame(answer(response), INVALID)
    t.match(response.headers, INVALID_TOKEN)
    t.match(answer(await setUp({ ...admin, password: 'password' })), {
      statusCode: 400,
      body: { code: 'PASSWORD_REJECTED' }
    })
    for (const payload of [
      { token, password: PASSWORD },
      { ...admin, roles: ['admin'] },
      { ...admin, username: 'x' }
    ]) {
      t.match(answer(await setUp(payload)), { statusCode: 400, body: { code: 'VALIDATION_FAILED' } })
    }
  })

  await t.test('is for this machine alone', async (t) => {
    const remote = await fastify.inject({
      method: 'POST',
      url: '/admin/setup',
      remoteAddress: '192.0.2.1',
      payload: admin
    })
    t.strictSame(answer(remote), NOT_FOUND)
    for (const headers of [{ host: 'evil.example' }, { 'x-forwarded-for': '127.0.0.1' }]) {
      t.strictSame(answer(await setUp(admin, headers)), NOT_FOUND)
    }
  })

  await t.test('creates none that cannot be recorded', async (t) => {
    const database = fastify.database.open()
    await database.query(sql`ALTER TABLE audit ADD CONSTRAINT full_up CHECK (false) NOT VALID`)
    t.equal((await setUp(admin)).statusCode, 500)
    await database.query(sql`ALTER TABLE audit DROP CONSTRAINT full_up`)
    t.strictSame(await database.query(sql`SELECT FROM users`), [])
  })

  await t.test('creates the first administrator, once', async (t) => {
    const answers = await Promise.all([setUp(admin), setUp({ ...admin, username: 'other' })])
    const [created, refused] = answers as [(typeof answers)[number], (typeof answers)[number]]
    const { id, created_at, ...user } = created.json()
    t.strictSame([created.statusCode, user], [201, { username: 'admin', email: null, email_verified: false }])
    t.strictSame(answer(refused), INVALID)
    t.strictSame(answer(await setUp({ ...admin, username: 'later' })), INVALID)
    t.strictSame(await fastify.database.open().query(sql`SELECT id, roles FROM users`), [{ id, roles: ['admin'] }])
    const login = await post(fastify, '/login', { username: 'admin', password: PASSWORD })
    t.match(await fastify.tokens.verify(login.json().access_token), { roles: ['admin'] })
    const records = await fastify.database
      .open()
      .query(sql`SELECT actor, account, address, request_id, detail FROM audit WHERE action = 'user created'`)
    t.match(records, [{ actor: 'client', account: id, address: '127.0.0.1', request_id: String }])
    t.strictSame(records[0]?.detail, { reason: 'setup', roles_before: [], roles: ['admin'] })
    t.equal(fastify.audit.counts.get('user created'), 1)
  })
})

test('POST /admin/setup is not there for others than a trial, nor without the admin API', async (t) => {
  const database = await embeddedDatabase(t)
  for (const environment of [{ PUBLIC_URL: 'https://auth.example.com' }, { ADMIN: 'off' }]) {
    const fastify = await build(t, { database, environment: environment as Record<string, string> })
    t.strictSame(answer(await post(fastify, '/admin/setup', { token: 'x' })), NOT_FOUND)
  }
})
