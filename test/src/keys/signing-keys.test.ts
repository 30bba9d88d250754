import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { addKey, ensureKey, readRing, type SigningKey } from '../../../src/keys/signing-keys.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const SECRETS = { current: 'the secret that wraps these keys' }
const OTHER = 'a secret of an altogether other make'
const TOKEN_TTL = 900

const kids = (ring: SigningKey[]) => ring.map(({ kid }) => kid)

test('the stored keys', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE signing_keys`)
  })

  await t.test('the first one signs immediately, and is created only once', async (t) => {
    await ensureKey(database, SECRETS)
    await ensureKey(database, SECRETS)
    const ring = await readRing(database, SECRETS, TOKEN_TTL)
    t.equal(ring.length, 1)
    t.ok((ring[0] as SigningKey).signsIn <= 0)
  })

  await t.test('the first one is created once by concurrent instances', async (t) => {
    await Promise.all([1, 2, 3, 4].map(() => ensureKey(createDatabase(pool), SECRETS)))
    t.equal((await readRing(database, SECRETS, TOKEN_TTL)).length, 1)
  })

  await t.test('are P-256 keys named by their RFC 7638 thumbprint', async (t) => {
    const kid = await addKey(database, SECRETS, 0)
    const [key] = (await readRing(database, SECRETS, TOKEN_TTL)) as [SigningKey]
    const { kty, crv, x, y } = createPublicKey(key.publicKey).export({ format: 'jwk' })
    t.strictSame([kty, crv], ['EC', 'P-256'])
    const { signsIn, privateKey, ...rest } = key
    t.strictSame(rest, {
      kid,
      jwk: { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' },
      publicKey: createPublicKey(createPrivateKey(privateKey as string)).export({ format: 'pem', type: 'spki' })
    })
    t.equal(kid, await calculateJwkThumbprint({ kty, crv, x, y } as Parameters<typeof calculateJwkThumbprint>[0]))
    const text = Buffer.from('signed with the one, verified with the other')
    t.ok(verify('sha256', text, key.publicKey, sign('sha256', text, privateKey as string)))
  })

  await t.test('are stored without anything of the private half in the clear', async (t) => {
    await addKey(database, SECRETS, 0)
    const [key] = (await readRing(database, SECRETS, TOKEN_TTL)) as [SigningKey]
    const [row] = await database.query(sql`SELECT public_key, private_key FROM signing_keys`)
    const { d } = createPrivateKey(key.privateKey as string).export({ format: 'jwk' })
    t.strictSame(Object.keys(row?.public_key).sort(), ['crv', 'kty', 'x', 'y'])
    t.equal(row?.private_key.indexOf(Buffer.from(d as string, 'base64url')), -1)
  })

  await t.test('a new one is published at once and signs six minutes later', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    const first = await addKey(database, SECRETS, 0)
    const second = await addKey(database, SECRETS)
    const signsIn = async () => (await readRing(database, SECRETS, TOKEN_TTL)).map((key) => key.signsIn)
    t.strictSame(kids(await readRing(database, SECRETS, TOKEN_TTL)), [first, second])
    const [, before] = (await signsIn()) as [number, number]
    t.ok(before > 300_000 && before <= 360_000, `it signs in ${before} ms`)
    clock.advance(360)
    const [, after] = (await signsIn()) as [number, number]
    t.ok(after > -60_000 && after <= 0, `it signs in ${after} ms`)
  })

  await t.test('an old one stays until its last token has expired', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    const first = await addKey(database, SECRETS, 0)
    const second = await addKey(database, SECRETS)
    const ring = async () => kids(await readRing(database, SECRETS, TOKEN_TTL))
    // It signs for six more minutes, and for up to one more on an instance that has not noticed.
    clock.advance(360 + 60 + TOKEN_TTL - 30)
    t.strictSame(await ring(), [first, second])
    clock.advance(30)
    t.strictSame(await ring(), [second])
  })

  await t.test('the last one stays for good', async (t) => {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    const kid = await addKey(database, SECRETS, 0)
    clock.advance(10 * 365 * 86_400)
    t.strictSame(kids(await readRing(database, SECRETS, TOKEN_TTL)), [kid])
  })

  await t.test('are none in an empty ring', async (t) => {
    t.strictSame(await readRing(database, SECRETS, TOKEN_TTL), [])
  })

  await t.test('are unwrapped by the secret that wrapped them, be it the current or the previous one', async (t) => {
    await addKey(database, SECRETS, 0)
    const [expected] = (await readRing(database, SECRETS, TOKEN_TTL)) as [SigningKey]
    t.match(expected.privateKey, /^-----BEGIN PRIVATE KEY-----\n/)
    const changed = { current: OTHER, previous: SECRETS.current }
    const [key] = (await readRing(database, changed, TOKEN_TTL)) as [SigningKey]
    t.equal(key.privateKey, expected.privateKey)
  })

  await t.test('that cannot be unwrapped still verify', async (t) => {
    const foreign = await addKey(database, { current: OTHER }, 0)
    const own = await addKey(database, SECRETS)
    const ring = await readRing(database, SECRETS, TOKEN_TTL)
    t.strictSame(
      ring.map(({ kid, jwk, privateKey }) => [kid, jwk.kid, typeof privateKey]),
      [
        [foreign, foreign, 'undefined'],
        [own, own, 'string']
      ]
    )
  })

  const forgeries: [what: string, forge: (wrapped: Buffer, other: Buffer) => Buffer][] = [
    ['another bit in the nonce', (wrapped) => flip(wrapped, 0)],
    ['another bit in the tag', (wrapped) => flip(wrapped, 12)],
    ['another bit in the ciphertext', (wrapped) => flip(wrapped, 28)],
    ['a byte less', (wrapped) => wrapped.subarray(0, -1)],
    ['a byte more', (wrapped) => Buffer.concat([wrapped, Buffer.alloc(1)])],
    ['the nonce and the tag alone', (wrapped) => wrapped.subarray(0, 28)],
    ['half a tag', (wrapped) => wrapped.subarray(0, 20)],
    ['half a nonce', (wrapped) => wrapped.subarray(0, 6)],
    ['nothing at all', () => Buffer.alloc(0)],
    ['what was wrapped for another kid', (_wrapped, other) => other]
  ]
  for (const [what, forge] of forgeries) {
    await t.test(`are not unwrapped from ${what}`, async (t) => {
      const victim = await addKey(database, SECRETS, 0)
      const healthy = await addKey(database, SECRETS, 60)
      const rows = await database.query<{ private_key: Buffer }>(
        sql`SELECT private_key FROM signing_keys ORDER BY sign_from`
      )
      const [wrapped, other] = rows.map((row) => row.private_key) as [Buffer, Buffer]
      await database.query(sql`UPDATE signing_keys SET private_key = ${forge(wrapped, other)} WHERE kid = ${victim}`)
      const ring = await readRing(database, SECRETS, TOKEN_TTL)
      t.strictSame(
        ring.map(({ kid, privateKey }) => [kid, typeof privateKey]),
        [
          [victim, 'undefined'],
          [healthy, 'string']
        ]
      )
    })
  }
})

function flip(bytes: Buffer, index: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(bytes.readUInt8(index) ^ 1, index)
  return copy
}
