import { test } from 'tap'
import { verifyAudit } from '../../../src/audit/verify.ts'
import { sql } from '../../../src/database/sql.ts'
import { build } from '../../helpers/app.ts'
import { actsOf, addAccount, LAST_ADMIN, machine, operator } from '../../helpers/operator.ts'
import { textsOf } from '../../helpers/statements-of.ts'

test('changes by operators', async (t) => {
  const fastify = await build(t)
  const database = fastify.database.open()
  const admin = await operator(fastify, 'ada.admin')
  const helper = await machine(fastify, ['users:help', 'users:write'])
  await fastify.audit.flush()

  await t.test('are stored in one transaction with their records, for which others wait shortest', async (t) => {
    const bob = await addAccount(fastify, { username: 'bob' })
    const texts = await textsOf(fastify, () => admin.call('PATCH', `/users/${bob}`, { disabled: true, roles: ['a'] }))
    const at = (pattern: RegExp) => texts.findIndex((text) => pattern.test(text))
    const order = [
      /^BEGIN/,
      /UPDATE users SET roles/,
      /FROM audit_head FOR UPDATE/,
      /INSERT INTO audit /,
      /^COMMIT/
    ].map(at)
    t.strictSame(
      order,
      order.toSorted((a, b) => a - b)
    )
    t.equal(order.includes(-1), false)
    t.notOk(texts.slice(order[2]).some((text) => /\b(?:users|sessions)\b/.test(text)))
    t.equal(texts.filter((text) => text.startsWith('BEGIN')).length, 1)
  })

  await t.test('of one account at once are all made, and all recorded', async (t) => {
    const bob = await addAccount(fastify, { username: 'carol' })
    const before = (await actsOf(fastify)).length
    const patches = Array.from({ length: 8 }, (_, index) => ({ metadata: { [`key${index}`]: index } }))
    const answers = await Promise.all(patches.map((patch) => admin.call('PATCH', `/users/${bob}`, patch)))
    t.ok(answers.every(({ statusCode }) => statusCode === 200))
    const merged = Object.assign({}, ...patches.map(({ metadata }) => metadata))
    t.strictSame((await admin.call('GET', `/users/${bob}`)).body.metadata, merged)
    t.equal((await actsOf(fastify)).length, before + 8)
    t.match(await verifyAudit(database, fastify.audit.key), { fault: undefined })
  })

  await t.test('that remove each other leave one administrator', async (t) => {
    for (const round of [1, 2, 3]) {
      const eve = await operator(fastify, `eve${round}`)
      const remove = { roles: ['editor'] }
      const [first, second] = await Promise.all([
        admin.call('PATCH', `/users/${eve.id}`, remove),
        eve.call('PATCH', `/users/${admin.id}`, remove)
      ])
      const refused = [first, second].filter(({ statusCode }) => statusCode !== 200)
      t.equal(refused.length, 1)
      t.ok([403, 409].includes(Number(refused[0]?.statusCode)))
      const rows = await database.query(sql`SELECT id FROM users WHERE 'admin' = ANY (roles)`)
      t.equal(rows.length, 1)
      await database.query(sql`UPDATE users SET roles = '{}' WHERE id = ${eve.id}`)
      await database.query(sql`UPDATE users SET roles = '{admin}' WHERE id = ${admin.id}`)
    }
  })

  await t.test('that disable the last administrators at once leave one', async (t) => {
    const others = await Promise.all(
      ['x1x', 'x2x', 'x3x'].map((username) => addAccount(fastify, { username, roles: ['admin'] }))
    )
    const answers = await Promise.all(
      [...others, admin.id].map((id) => admin.call('PATCH', `/users/${id}`, { disabled: true }))
    )
    t.strictSame(
      answers.filter(({ statusCode }) => statusCode === 409),
      answers.some(({ statusCode }) => statusCode === 409) ? [LAST_ADMIN] : []
    )
    const rows = await database.query(sql`SELECT id FROM users WHERE 'admin' = ANY (roles) AND disabled_at IS NULL`)
    t.ok(rows.length >= 1)
    await database.query(sql`UPDATE users SET disabled_at = NULL`)
  })

  await t.test('of nothing are not recorded', async (t) => {
    const bob = await addAccount(fastify, { username: 'dave' })
    const before = (await actsOf(fastify)).length
    t.equal((await helper.call('PATCH', `/users/${bob}`, { disabled: false })).statusCode, 200)
    t.equal((await actsOf(fastify)).length, before)
  })
})
