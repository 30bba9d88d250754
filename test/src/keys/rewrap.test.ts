import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { rewrap } from '../../../src/keys/rewrap.ts'
import { revokeKey, rotateKey } from '../../../src/keys/rotation.ts'
import { ensureKey, KeyMismatch, readRing } from '../../../src/keys/signing-keys.ts'
import { RootSecretMismatch, readRootSecret } from '../../../src/secrets/root-secret.ts'
import { seal } from '../../../src/secrets/sealing.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const OLD = 'the secret that was used before, long enough'
const NEW = 'the secret that is used today, long enough too'
const BOTH = { current: NEW, previous: OLD }

test('resealing all data', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  const rules = { secrets: { current: OLD }, tokenTtl: 900 }
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE signing_keys`)
    await database.query(sql`TRUNCATE root_secret`)
    await ensureKey(database, { current: OLD })
    await readRootSecret(database, { current: OLD })
  })

  const stored = () =>
    database.query(sql`SELECT private_key FROM signing_keys UNION ALL SELECT sealed FROM root_secret ORDER BY 1`)
  const privateKeys = async (secrets: { current: string; previous?: string }) =>
    (await readRing(database, secrets, 900)).map(({ privateKey }) => privateKey)

  await t.test('leaves nothing that the previous secret opens, or that the current one does not', async (t) => {
    await rotateKey(database, rules)
    const before = [await privateKeys({ current: OLD }), await readRootSecret(database, { current: OLD })]
    t.equal(await rewrap(database, BOTH), 2)
    t.strictSame([await privateKeys({ current: NEW }), await readRootSecret(database, { current: NEW })], before)
    t.strictSame(await privateKeys({ current: OLD }), [undefined, undefined])
    t.type(await caught(readRootSecret(database, { current: OLD })), RootSecretMismatch)
  })

  await t.test('decides what later keys are sealed with', async (t) => {
    await rotateKey(database, { ...rules, secrets: BOTH }, 0)
    t.notOk(
      (await privateKeys({ current: OLD })).includes(undefined),
      'before it, an instance with the old one opens them'
    )
    await rewrap(database, BOTH)
    clock.advance(1)
    await rotateKey(database, { ...rules, secrets: BOTH }, 0)
    t.notOk((await privateKeys({ current: NEW })).includes(undefined), 'and after it, one with the new one')
    t.type(await caught(rotateKey(database, rules)), RootSecretMismatch, 'while one with the old one makes no more')
  })

  await t.test('is idempotent, and needs no previous secret', async (t) => {
    await rewrap(database, BOTH)
    t.equal(await rewrap(database, BOTH), 1)
    t.equal(await rewrap(database, { current: NEW }), 1)
    t.notOk((await privateKeys({ current: NEW })).includes(undefined))
  })

  await t.test('skips revoked keys', async (t) => {
    const { kid } = await rotateKey(database, rules, 0)
    await revokeKey(database, rules, kid)
    t.equal(await rewrap(database, BOTH), 2)
  })

  await t.test('changes nothing if neither secret opens a key, even an expired one, and names it', async (t) => {
    const { kid } = await rotateKey(database, rules)
    const foreign = seal(Buffer.from('a key'), 'signing key wrap', kid, { current: `${OLD}er` })
    await database.query(sql`UPDATE signing_keys SET private_key = ${foreign} WHERE kid = ${kid}`)
    clock.advance(360)
    await rotateKey(database, rules, 0)
    clock.advance(1000)
    const before = await stored()
    const error = await caught(rewrap(database, BOTH))
    t.type(error, KeyMismatch)
    t.match(error.message, `neither SECRET_KEY nor SECRET_KEY_PREVIOUS opens the private half of key ${kid},`)
    t.strictSame(await stored(), before)
    await revokeKey(database, rules, kid)
    t.equal(await rewrap(database, BOTH), 2, 'and goes on when that key is revoked')
  })

  await t.test('changes nothing when neither secret opens the root secret', async (t) => {
    await database.query(sql`UPDATE root_secret SET sealed = ${Buffer.alloc(60)}`)
    const before = await stored()
    t.type(await caught(rewrap(database, BOTH)), RootSecretMismatch)
    t.strictSame(await stored(), before)
  })
})
