import { test } from 'tap'
import { appendRecords } from '../../../src/audit/append.ts'
import { build } from '../../helpers/app.ts'
import { addAccount, FORBIDDEN, operator } from '../../helpers/operator.ts'
import { auditEvent } from '../../helpers/record.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const HOUR = 3_600_000

test('GET /admin/audit', async (t) => {
  const fastify = await build(t)
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const user = await operator(fastify, 'plain', [])
  const bob = await addAccount(fastify, { username: 'bob' })
  await fastify.audit.flush()
  await support.call('DELETE', `/users/${bob}/limits`)
  const old = auditEvent({ account: bob, address: '2001:db8::1', happened: performance.now() - 2 * HOUR })
  await appendRecords(fastify.database.open(), fastify.audit.key, [
    { ...old, action: 'login failed', detail: { reason: 'wrong password' } },
    { ...old, action: 'login throttled', requestId: 'an-id' }
  ])
  const actions = async (query: string) =>
    (await admin.call('GET', `/audit?${query}`)).body.records.map(({ action }: { action: string }) => action)

  await t.test('shows whole records, the newest first', async (t) => {
    const { statusCode, body } = await support.call('GET', '/audit?limit=3')
    t.equal(statusCode, 200)
    const [, failed, unlocked] = body.records
    t.match([failed.at, unlocked.at], [TIME, TIME])
    const { at: _, ...rest } = failed
    t.strictSame(rest, {
      seq: 8,
      actor: 'client',
      action: 'login failed',
      account: bob,
      session: null,
      address: '2001:db8::1',
      request_id: null,
      detail: { reason: 'wrong password' }
    })
    t.match(unlocked, {
      actor: 'admin',
      action: 'user unlocked',
      account: bob,
      address: '127.0.0.1',
      request_id: /./,
      detail: { by: support.id }
    })
    t.equal(body.next, '7')
  })

  await t.test('pages them', async (t) => {
    const seen: number[] = []
    let next = ''
    do {
      const { body } = await admin.call('GET', `/audit?limit=4${next && `&cursor=${next}`}`)
      seen.push(...body.records.map(({ seq }: { seq: number }) => seq))
      next = body.next
    } while (next)
    t.strictSame(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1])
  })

  const now = new Date(Date.now() - HOUR).toISOString()
  const found: [query: string, actions: string[]][] = [
    [`account=${bob}`, ['login throttled', 'login failed', 'user unlocked']],
    [`account=${bob.toUpperCase()}&action=login%20failed`, ['login failed']],
    [`by=${support.id.toUpperCase()}`, ['user unlocked']],
    ['by=0123456789abcdefABCDEF', []],
    ['action=login%20throttled', ['login throttled']],
    ['address=2001:DB8:0::1', ['login throttled', 'login failed']],
    [
      'address=::ffff:127.0.0.1',
      ['user unlocked', 'login', 'registered', 'login', 'registered', 'login', 'registered']
    ],
    ['address=2001:db8::1', ['login throttled', 'login failed']],
    [`before=${now}`, ['login throttled', 'login failed']],
    [`after=${now}&account=${bob}`, ['user unlocked']],
    ['cursor=2', ['registered']]
  ]
  for (const [query, expected] of found) {
    await t.test(`finds by ${query.replace(/=.*/, '')}`, async (t) => t.strictSame(await actions(query), expected))
  }

  const refused: [query: string, path: string][] = [
    ['account=bob', '/account'],
    ['by=x%00', '/by'],
    ['action=nothing', '/action'],
    ['address=example.com', '/address'],
    ['address=2001:db8', '/address'],
    ['address=127.1', '/address'],
    ['after=2026', '/after'],
    ['after=0000-01-01T00:00:00Z', '/after'],
    ['before=9999-12-31T23:59:59-01:00', '/before'],
    ['before=2016-12-31T23:59:60Z', '/before'],
    ['cursor=0', '/cursor'],
    ['cursor=1e3', '/cursor'],
    ['limit=1000', '/limit'],
    ['actor=admin', '/actor']
  ]
  for (const [query, path] of refused) {
    await t.test(`refuses ${query}`, async (t) => {
      const refusal = { statusCode: 400, body: { code: 'VALIDATION_FAILED', errors: [{ path }] } }
      t.match(await admin.call('GET', `/audit?${query}`), refusal)
    })
  }
  t.strictSame(await user.call('GET', '/audit'), FORBIDDEN)
})
