import { test } from 'tap'
import { createServiceKeyId, createServiceKeyText } from '../../../src/admin/service-key-text.ts'
import {
  createServiceKey,
  findServiceKey,
  findServiceKeyId,
  listServiceKeys,
  MAX_SERVICE_KEYS,
  revokeServiceKey,
  rotateServiceKey,
  type ServiceKeyOptions
} from '../../../src/admin/service-keys.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { addUser, deleteUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const ADDRESS = '192.0.2.1'
const HOUR = 3600

test('service keys', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  const make = (options: Partial<ServiceKeyOptions> = {}) =>
    database.transact((transaction) =>
      createServiceKey(transaction, { name: 'nightly', scopes: ['users:read'], ...options })
    )
  const find = (key: string, from = ADDRESS) => findServiceKey(database, key, from)
  const listed = async (id: string) => (await listServiceKeys(database)).find((key) => key.id === id)
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE service_keys, users CASCADE`)
  })

  await t.test('are made with a secret that is not stored', async (t) => {
    const { id: createdBy } = await addUser(database, { username: 'ada', passwordHash: 'a hash' })
    const options = { scopes: ['users:write', 'metrics', 'metrics'], expiresIn: 60, createdBy }
    const { serviceKey, key } = await make(options)
    const { id, created_at, expires_at, ...rest } = serviceKey
    t.equal(key.split('_')[1], id)
    t.equal(Date.parse(String(expires_at)) - Date.parse(created_at), 60_000)
    t.strictSame(rest, {
      name: 'nightly',
      scopes: ['metrics', 'users:write'],
      created_by: createdBy,
      last_used_at: null,
      last_used_from: null,
      revoked_at: null
    })
    t.strictSame(await listServiceKeys(database), [serviceKey])
    const [row] = await database.query(sql`SELECT row_to_json(service_keys)::text AS text FROM service_keys`)
    t.notMatch(String(row?.text), key.split('_')[2] as string)
    await database.transact((transaction) => deleteUser(transaction, createdBy))
    t.match(await listed(id), { created_by: null })
  })

  await t.test('are found while they live', async (t) => {
    const { serviceKey, key } = await make({ expiresIn: 2 * HOUR })
    const { id, name, scopes } = serviceKey
    t.strictSame(await find(key), { id, name, scopes })
    clock.advance(2 * HOUR - 1)
    t.strictSame(await find(key), { id, name, scopes })
    clock.advance(1)
    t.equal(await find(key), undefined, 'expired')
    t.equal(await rotateServiceKey(database, id, 0), undefined)
    const another = await make()
    t.ok(await find(another.key), 'the name of an expired one is free')
    t.match(await revokeServiceKey(database, another.serviceKey.id), { id: another.serviceKey.id, revoked_at: String })
    t.equal(await find(another.key), undefined, 'revoked')
    t.equal(await revokeServiceKey(database, another.serviceKey.id), undefined)
    t.equal(await revokeServiceKey(database, createServiceKeyId()), undefined)
  })

  await t.test('are not found by anything else', async (t) => {
    const { serviceKey, key } = await make()
    const others = [
      createServiceKeyText(serviceKey.id),
      createServiceKeyText(createServiceKeyId()),
      'noise',
      '',
      `${key} `
    ]
    for (const text of others) t.equal(await find(text), undefined, text)
  })

  await t.test('have the time and the place of their last use, to the hour', async (t) => {
    const { serviceKey, key } = await make()
    const used = async () => {
      const { last_used_at, last_used_from } = (await listed(serviceKey.id)) ?? {}
      return [last_used_at, last_used_from]
    }
    t.strictSame(await used(), [null, null])
    await find(createServiceKeyText(serviceKey.id))
    t.strictSame(await used(), [null, null], 'another secret is no use')
    await find(key)
    const first = await used()
    t.match(first, [String, ADDRESS])
    clock.advance(HOUR - 60)
    await find(key, '2001:db8::1')
    t.strictSame(await used(), first)
    clock.advance(60)
    await find(key, '2001:db8::1')
    t.equal((await used())[1], '2001:db8::1')
  })

  await t.test('get a new secret, beside which the one before works for a while', async (t) => {
    const { serviceKey, key: first } = await make()
    const rotate = async (overlap: number) => (await rotateServiceKey(database, serviceKey.id, overlap))?.key as string
    const second = await rotate(60)
    t.equal(second.split('_')[1], serviceKey.id)
    t.ok(await find(first))
    t.ok(await find(second))
    clock.advance(60)
    t.equal(await find(first), undefined)
    const third = await rotate(60)
    const fourth = await rotate(0)
    for (const key of [first, second, third]) t.equal(await find(key), undefined)
    t.ok(await find(fourth))
    t.equal(await rotateServiceKey(database, createServiceKeyId(), 0), undefined)
    await revokeServiceKey(database, serviceKey.id)
    t.equal(await rotateServiceKey(database, serviceKey.id, 0), undefined)
  })

  await t.test('are listed: active ones first, then the newest', async (t) => {
    const names = async () => (await listServiceKeys(database)).map(({ name }) => name)
    const ids: string[] = []
    for (const name of ['one', 'two', 'three']) {
      ids.push((await make({ name })).serviceKey.id)
      clock.advance(1)
    }
    t.strictSame(await names(), ['three', 'two', 'one'])
    await revokeServiceKey(database, ids[2] as string)
    t.strictSame(await names(), ['two', 'one', 'three'])
  })

  await t.test('have a name that no other living one has', async (t) => {
    const { serviceKey } = await make({ name: 'Nächtlich' })
    const taken = { code: 'ACCOUNT_EXISTS', errors: [{ path: '/name', message: 'is taken', rule: 'taken' }] }
    for (const name of ['Nächtlich', 'NÄCHTLICH', 'Na\u0308chtlich']) await t.rejects(make({ name }), taken)
    await revokeServiceKey(database, serviceKey.id)
    t.ok(await make({ name: 'NÄCHTLICH' }))
    const outcomes = await Promise.allSettled([make(), make(), make()])
    t.strictSame(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
  })

  await t.test('are meant by their id, or by a name that only one has', async (t) => {
    const { serviceKey: expired } = await make({ name: 'Caf\u00e9', expiresIn: 60 })
    const meant = (text: string) => findServiceKeyId(database, text)
    for (const text of [expired.id, 'Caf\u00e9', 'CAFE\u0301']) t.equal(await meant(text), expired.id, text)
    for (const text of ['cafe', expired.id.slice(0, 21), '']) t.equal(await meant(text), text, 'none')
    clock.advance(60)
    const { serviceKey: living } = await make({ name: 'caf\u00e9' })
    const message = `Several keys have this name: ${living.id}, ${expired.id}. Give the id of one.`
    await t.rejects(meant('caf\u00e9'), { message })
    t.equal(await meant(expired.id), expired.id)
    await revokeServiceKey(database, expired.id)
    t.equal(await meant('caf\u00e9'), living.id)
    const { serviceKey: namesake } = await make({ name: living.id })
    t.equal(await meant(living.id), living.id, 'an id comes before a name')
    t.equal(await meant(namesake.id), namesake.id)
  })

  await t.test('are so many and no more', async (t) => {
    await database.query(
      sql`INSERT INTO service_keys (id, name, scopes, hash, created_at, expires_at)
       SELECT 'key' || number, 'name ' || number, '{}', '', now(),
         CASE WHEN number > ${MAX_SERVICE_KEYS} THEN timestamptz '2020-01-01' END
       FROM generate_series(2, ${MAX_SERVICE_KEYS + 200}) AS number`
    )
    const { serviceKey } = await make()
    await t.rejects(make({ name: 'another' }), { code: 'FORBIDDEN', message: 'There are 100 service keys already.' })
    t.equal((await listServiceKeys(database)).length, 200)
    await revokeServiceKey(database, serviceKey.id)
    t.ok(await make({ name: 'another' }))
  })
})
