import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer, build, testClock } from '../../helpers/app.ts'
import { actsOf, DONE, FORBIDDEN, machine, NOT_FOUND, operator, STALE } from '../../helpers/operator.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

test('/admin/keys', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const key = await machine(fastify, ['keys:write'])
  const list = async () => (await admin.call('GET', '/keys')).body.keys
  const states = async () => (await list()).map(({ state }: { state: string }) => state)

  await t.test('are listed', async (t) => {
    const { statusCode, body } = await key.call('GET', '/keys')
    t.equal(statusCode, 200)
    t.match(body, { keys: [{ kid: /./, state: 'signing', created_at: TIME, signs_from: TIME, verifies_until: null }] })
    t.strictSame(await support.call('GET', '/keys'), FORBIDDEN)
  })

  await t.test('are rotated, one at a time', async (t) => {
    const { statusCode, body } = await key.call('POST', '/keys', {})
    t.equal(statusCode, 201)
    t.match(body, { kid: /./, state: 'published', signs_from: TIME, verifies_until: null })
    t.strictSame((await list())[1], body)
    const message = 'Another key is already the next to sign.'
    t.match(await admin.call('POST', '/keys', { now: true }), { statusCode: 403, body: { code: 'FORBIDDEN', message } })
    t.strictSame(await actsOf(fastify), [
      { actor: 'key', action: 'key rotated', account: null, session: null, detail: { kid: body.kid, by: key.id } }
    ])
    t.strictSame(await support.call('POST', '/keys', {}), FORBIDDEN)
  })

  await t.test('are revoked by administrators, at once here', async (t) => {
    const [signing, published] = await list()
    t.strictSame(await key.call('DELETE', `/keys/${published.kid}`), FORBIDDEN)
    t.strictSame(await admin.call('DELETE', `/keys/${published.kid}`), DONE)
    t.strictSame(await admin.call('DELETE', `/keys/${published.kid}`), NOT_FOUND)
    t.strictSame(await admin.call('DELETE', '/keys/nothing'), NOT_FOUND)
    t.equal((await admin.call('DELETE', '/keys/a.b')).statusCode, 400)
    t.equal((await admin.call('POST', '/keys', { now: true })).statusCode, 201)
    t.strictSame(await states(), ['verifying', 'signing', 'revoked'])
    t.strictSame(await admin.call('DELETE', `/keys/${signing.kid}`), DONE)
    t.equal((await fastify.inject({ url: '/me', headers: bearer(admin.token) })).statusCode, 401)
    await fastify.audit.flush()
    const revoked = (await actsOf(fastify)).filter(({ action }) => action === 'key revoked')
    t.strictSame(
      revoked.map(({ detail }) => detail),
      [published.kid, signing.kid].map((kid) => ({ kid, by: admin.id }))
    )
  })

  await t.test('need a fresh access token', async (t) => {
    const other = await operator(fastify, 'eve.admin')
    clock.advance(601)
    t.match(await other.call('POST', '/keys', {}), STALE)
    t.match(await other.call('DELETE', '/keys/x'), STALE)
    t.equal((await other.call('GET', '/keys')).statusCode, 200)
  })

  await t.test('stay as they are where no record can be made', async (t) => {
    const database = fastify.database.open()
    await database.query(sql`ALTER TABLE audit ADD CONSTRAINT full_up CHECK (false) NOT VALID`)
    t.equal((await key.call('POST', '/keys', {})).statusCode, 500)
    await database.query(sql`ALTER TABLE audit DROP CONSTRAINT full_up`)
    t.notOk((await fastify.keys.list()).some(({ state }) => state === 'published'))
  })
})
