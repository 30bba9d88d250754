import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { RootSecretMismatch, readRootSecret, sealingSecrets } from '../../../src/secrets/root-secret.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const OLD = 'the secret that was used before, long enough'
const NEW = 'the secret that is used today, long enough too'

test('the root secret', async (t) => {
  const pool = await migratedPool(t)
  const read = (secrets: { current: string; previous?: string }) =>
    readRootSecret(createDatabase(pool, { timeout: 60_000 }), secrets)
  t.beforeEach(async () => {
    await pool.query('TRUNCATE root_secret')
  })

  await t.test('is created once, also by concurrent instances', async (t) => {
    const secrets = await Promise.all([1, 2, 3, 4].map(() => read({ current: OLD })))
    t.match(secrets[0], /^[\w-]{43}$/)
    t.equal(new Set(secrets).size, 1)
    t.equal(await read({ current: OLD }), secrets[0], 'and stays')
  })

  await t.test('differs for each database', async (t) => {
    const first = await read({ current: OLD })
    await pool.query('TRUNCATE root_secret')
    t.not(await read({ current: OLD }), first)
  })

  await t.test('survives a change of SECRET_KEY', async (t) => {
    const root = await read({ current: OLD })
    t.equal(await read({ current: NEW, previous: OLD }), root)
  })

  await t.test('stops the start if neither secret opens it', async (t) => {
    await read({ current: OLD })
    for (const secrets of [{ current: NEW }, { current: NEW, previous: `${NEW}er` }]) {
      const error = await caught(read(secrets))
      t.type(error, RootSecretMismatch)
      t.equal(
        (error as Error).message,
        'SECRET_KEY does not open the root secret in the database: set the SECRET_KEY that it was sealed with, or add it as SECRET_KEY_PREVIOUS'
      )
    }
  })

  await t.test('decides which secret seals new data, so that all instances can open it', async (t) => {
    const decide = (secrets: { current: string; previous?: string }) =>
      sealingSecrets(createDatabase(pool, { timeout: 60_000 }), secrets)
    t.strictSame(await decide({ current: OLD }), { current: OLD })
    t.strictSame(await decide({ current: NEW, previous: OLD }), { current: OLD }, 'before there is one')
    await read({ current: OLD })
    t.strictSame(await decide({ current: OLD }), { current: OLD })
    t.strictSame(await decide({ current: OLD, previous: NEW }), { current: OLD })
    t.strictSame(await decide({ current: NEW, previous: OLD }), { current: OLD })
    for (const secrets of [{ current: NEW }, { current: NEW, previous: `${NEW}er` }])
      t.type(await caught(decide(secrets)), RootSecretMismatch)
  })

  await t.test('is stored sealed', async (t) => {
    const root = await read({ current: OLD })
    const { rows } = await pool.query('SELECT * FROM root_secret')
    t.equal(rows.length, 1)
    t.notOk(rows[0].sealed.includes(Buffer.from(root, 'base64url')))
  })
})
