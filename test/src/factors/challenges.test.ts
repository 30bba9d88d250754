import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import {
  type Challenge,
  type ChallengePurpose,
  createChallenge,
  readChallenge,
  spendChallenge
} from '../../../src/factors/challenges.ts'
import { migratedPool } from '../../helpers/pool.ts'

const KEY = randomBytes(32)
const NOW = 1_800_000_000_123
const SIGN_IN: ChallengePurpose = { for: 'sign-in' }

test('a challenge is good for its purpose, for 300 s', (t) => {
  const purposes: ChallengePurpose[] = [
    SIGN_IN,
    { for: 'second step', step: randomBytes(32) },
    { for: 'second step', step: randomBytes(32) },
    { for: 'registration', session: '0198a3c2-7f00-7000-8000-000000000000' },
    { for: 'registration', session: '0198a3c2-7f00-7000-8000-000000000001' },
    { for: 'step-up', session: '0198a3c2-7f00-7000-8000-000000000000' }
  ]
  for (const purpose of purposes) {
    const bytes = createChallenge(KEY, purpose, NOW)
    t.equal(bytes.length, 54)
    const text = bytes.toString('base64url')
    t.strictSame(readChallenge(KEY, purpose, text, NOW)?.expiresAt, new Date(NOW + 300_000))
    t.ok(readChallenge(KEY, purpose, text, NOW + 299_999))
    t.equal(readChallenge(KEY, purpose, text, NOW + 300_000), undefined, 'expired')
    for (const other of purposes.filter((each) => each !== purpose)) {
      t.equal(readChallenge(KEY, other, text, NOW), undefined, `${purpose.for} is not ${other.for}`)
    }
  }
  t.end()
})

test('no other challenge is good', (t) => {
  const good = createChallenge(KEY, SIGN_IN, NOW)
  const flipped = [...good.keys()].map((index) => {
    const bytes = Buffer.from(good)
    bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index)
    return bytes
  })
  const others = [
    ...flipped,
    Buffer.alloc(0),
    Buffer.alloc(54),
    good.subarray(1),
    Buffer.concat([good, Buffer.alloc(1)]),
    createChallenge(randomBytes(32), SIGN_IN, NOW)
  ]
  for (const bytes of others) t.equal(readChallenge(KEY, SIGN_IN, bytes.toString('base64url'), NOW), undefined)
  t.equal(readChallenge(KEY, SIGN_IN, 'no base64url?', NOW), undefined)
  t.not(createChallenge(KEY, SIGN_IN, NOW).equals(good), 'each is another')
  t.end()
})

test('of fifty that spend a challenge at once, one does', async (t) => {
  const pool = await migratedPool(t)
  const spend = (challenge: Challenge) => spendChallenge(createDatabase(pool, { timeout: 60_000 }), challenge)
  const read = () =>
    readChallenge(KEY, SIGN_IN, createChallenge(KEY, SIGN_IN, NOW).toString('base64url'), NOW) as Challenge
  const [one, other] = [read(), read()]
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => spend(one)))
  t.equal(outcomes.filter(Boolean).length, 1)
  t.equal(await spend(one), false)
  t.equal(await spend(other), true)
  const { rows } = await pool.query('SELECT over_at FROM spent_challenges')
  t.strictSame(rows, [{ over_at: new Date(NOW + 300_000) }, { over_at: new Date(NOW + 300_000) }])
})
