import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import {
  foldRecoveryCode,
  listRecoveryCodes,
  makeRecoveryCodes,
  useRecoveryCode
} from '../../../src/factors/recovery-codes.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('a code is taken as people type it', (t) => {
  const rows: [text: string, folded: string | undefined][] = [
    ['abcde-fghjk', 'abcdefghjk'],
    ['ABCDE-FGHJK', 'abcdefghjk'],
    ['abcdefghjk', 'abcdefghjk'],
    ['  abc de - fgh\tjk ', 'abcdefghjk'],
    ['o0O-iIlL1-mz', '0001111' + '1mz'],
    ['abcde-fghj', undefined],
    ['abcde-fghjkm', undefined],
    ['abcde-fghju', undefined],
    ['abcde_fghjk', undefined],
    ['äbcde-fghjk', undefined],
    ['abcde-fghj\u212a', undefined],
    ['', undefined]
  ]
  for (const [text, folded] of rows) t.equal(foldRecoveryCode(text), folded, JSON.stringify(text))
  t.end()
})

test('recovery codes', async (t) => {
  const pool = await migratedPool(t)
  const open = () => createDatabase(pool, { timeout: 60_000 })
  const key = randomBytes(32)
  const { id: ada } = await addUser(open(), { username: 'ada', passwordHash: 'none' })
  const { id: grace } = await addUser(open(), { username: 'grace', passwordHash: 'none' })
  const use = (code: string, user = ada, by = key) => useRecoveryCode(open(), by, user, code)

  await t.test('are ten, each good once, and stored nowhere', async (t) => {
    const codes = await makeRecoveryCodes(open(), key, ada)
    t.equal(new Set(codes).size, 10)
    for (const code of codes) t.match(code, /^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/)
    const { rows } = await pool.query('SELECT hash FROM recovery_codes')
    t.equal(rows.length, 10)
    t.ok(rows.every(({ hash }) => hash.length === 32))
    const [first = '', second = ''] = codes
    t.equal(await use(first, grace), undefined, "another's")
    t.equal(await use(first, ada, randomBytes(32)), undefined, 'with another key')
    t.equal(await use('no code'), undefined)
    t.equal(await use('00000-00000'), undefined)
    t.strictSame(await use(first), { left: 9 })
    t.equal(await use(first), undefined, 'used')
    t.strictSame(await use(second.toUpperCase().replace('-', ' ')), { left: 8 })
    const listed = await listRecoveryCodes(open(), ada)
    t.equal(listed.length, 10)
    t.strictSame(Object.keys(listed[0] ?? {}), ['made_at', 'used_at'])
    t.equal(listed.filter(({ used_at }) => used_at instanceof Date).length, 2)
  })

  await t.test('are void once there are new ones, of that account alone', async (t) => {
    const [before = ''] = await makeRecoveryCodes(open(), key, ada)
    const [other = ''] = await makeRecoveryCodes(open(), key, grace)
    const [after = ''] = await makeRecoveryCodes(open(), key, ada)
    t.equal(await use(before), undefined)
    t.strictSame(await use(after), { left: 9 })
    t.strictSame(await use(other, grace), { left: 9 })
  })

  await t.test('of fifty that use one at once, one does', async (t) => {
    const [code = ''] = await makeRecoveryCodes(open(), key, ada)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => use(code)))
    t.strictSame(
      outcomes.filter((outcome) => outcome !== undefined),
      [{ left: 9 }]
    )
  })
})
