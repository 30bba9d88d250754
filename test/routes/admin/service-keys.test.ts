import { test } from 'tap'
import { SCOPES } from '../../../src/admin/scopes.ts'
import { build, testClock } from '../../helpers/app.ts'
import {
  actsOf,
  callerOf,
  DONE,
  FORBIDDEN,
  invalid,
  machine,
  NOT_FOUND,
  operator,
  STALE
} from '../../helpers/operator.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const UNKNOWN = '0123456789abcdefghijkl'

test('/admin/service-keys', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const everything = await machine(fastify, Object.keys(SCOPES))
  const works = async (key: string) => (await callerOf(fastify, '', key).call('GET', '/users')).statusCode === 200
  const list = async () => (await admin.call('GET', '/service-keys')).body.service_keys

  const made = await admin.call('POST', '/service-keys', {
    name: 'nightly-sync',
    scopes: ['users:write', 'users:read'],
    expires_in: 3600
  })
  const { id, key } = made.body

  await t.test('are made, and shown once', async (t) => {
    t.equal(made.statusCode, 201)
    const { key: _, created_at, expires_at, ...rest } = made.body
    t.match([created_at, expires_at], [TIME, TIME])
    t.match(key, new RegExp(`^lk_${id}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$`))
    t.strictSame(rest, {
      id,
      name: 'nightly-sync',
      scopes: ['users:read', 'users:write'],
      created_by: admin.id,
      last_used_at: null,
      last_used_from: null,
      revoked_at: null
    })
    t.ok(await works(key))
    t.match(await list(), [{ id, last_used_at: TIME, last_used_from: '127.0.0.1' }, { name: 'a machine' }])
    t.notOk(JSON.stringify(await list()).includes('lk_'))
  })

  await t.test('get a new secret, and lose the one before after a while', async (t) => {
    const { statusCode, body } = await admin.call('POST', `/service-keys/${id}/rotate`, {})
    t.equal(statusCode, 201)
    t.match(body, { id, name: 'nightly-sync' })
    t.strictSame([await works(key), await works(body.key)], [true, true])
    const again = await admin.call('POST', `/service-keys/${id}/rotate`, { overlap: 0 })
    t.strictSame([await works(body.key), await works(again.body.key)], [false, true])
    t.strictSame(await admin.call('DELETE', `/service-keys/${id}`), DONE)
    t.strictSame(await works(again.body.key), false)
    t.match((await list())[1], { id, revoked_at: TIME })
    const detail = { key: id, by: admin.id }
    t.strictSame(
      (await actsOf(fastify)).map(({ actor, action, detail }) => ({ actor, action, detail })),
      [
        { actor: 'admin', action: 'service key made', detail },
        { actor: 'admin', action: 'service key made', detail: { key: id, reason: 'rotated', by: admin.id } },
        { actor: 'admin', action: 'service key made', detail: { key: id, reason: 'rotated', by: admin.id } },
        { actor: 'admin', action: 'service key revoked', detail }
      ]
    )
  })

  await t.test('are refused', async (t) => {
    const valid = { name: 'other', scopes: ['users:read'] }
    const refused: [body: object, refusal: object][] = [
      [{ ...valid, scopes: [] }, { statusCode: 400 }],
      [
        { ...valid, scopes: ['users:read', 'everything'] },
        invalid('/scopes/1', 'must be equal to one of the allowed values')
      ],
      [{ ...valid, scopes: ['constructor'] }, invalid('/scopes/0', 'must be equal to one of the allowed values')],
      [{ ...valid, name: '' }, { statusCode: 400 }],
      [{ ...valid, name: 'x'.repeat(65) }, { statusCode: 400 }],
      [{ ...valid, name: 'a\u001bb' }, { statusCode: 400 }],
      [
        { ...valid, name: 'A Machine' },
        { statusCode: 409, body: { code: 'ACCOUNT_EXISTS', errors: [{ path: '/name' }] } }
      ],
      [{ ...valid, expires_in: 59 }, invalid('/expires_in', 'must be >= 60')],
      [{ ...valid, expires_in: 1.5 }, { statusCode: 400 }],
      [{ ...valid, id: UNKNOWN }, invalid('/id', 'is not a known key')]
    ]
    for (const [body, expected] of refused) t.match(await admin.call('POST', '/service-keys', body), expected)
    t.strictSame(await admin.call('POST', `/service-keys/${UNKNOWN}/rotate`, {}), NOT_FOUND)
    t.strictSame(await admin.call('POST', `/service-keys/${id}/rotate`, {}), NOT_FOUND, 'a revoked one')
    t.equal((await admin.call('POST', `/service-keys/${id}/rotate`, { overlap: 604_801 })).statusCode, 400)
    t.strictSame(await admin.call('DELETE', `/service-keys/${UNKNOWN}`), NOT_FOUND)
    t.strictSame(await admin.call('DELETE', `/service-keys/${id}`), NOT_FOUND)
    t.equal((await admin.call('DELETE', '/service-keys/x')).statusCode, 400)
  })

  await t.test('are for administrators alone, whatever the scopes of a key', async (t) => {
    for (const caller of [support, everything]) {
      t.strictSame(await caller.call('GET', '/service-keys'), FORBIDDEN)
      t.strictSame(await caller.call('POST', '/service-keys', { name: 'more', scopes: ['users:read'] }), FORBIDDEN)
      t.strictSame(await caller.call('POST', `/service-keys/${everything.id}/rotate`, {}), FORBIDDEN)
      t.strictSame(await caller.call('DELETE', `/service-keys/${everything.id}`), FORBIDDEN)
    }
    clock.advance(601)
    t.match(await admin.call('POST', '/service-keys', { name: 'more', scopes: ['users:read'] }), STALE)
    t.match(await admin.call('DELETE', `/service-keys/${everything.id}`), STALE)
    t.equal((await admin.call('GET', '/service-keys')).statusCode, 200)
  })
})
