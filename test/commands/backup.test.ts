import { readdirSync, readFileSync, statSync } from 'node:fs'
import { test } from 'tap'
import { PASSWORD } from '../helpers/app.ts'
import { PASSPHRASE } from '../helpers/backups.ts'
import { operator } from '../helpers/command.ts'
import { migratedDatabase } from '../helpers/database.ts'

test('backup', async (t) => {
  const folder = t.testdir()
  const file = `${folder}/backup`
  const database = await migratedDatabase(t)
  const run = await operator(t, { database })

  await t.test('refuses a short passphrase before it writes anything', async (t) => {
    t.strictSame(await run(['backup', file], { input: 'short\n' }), {
      code: 1,
      stdout: '',
      stderr: 'The passphrase must have at least 12 characters.\n'
    })
    t.strictSame(readdirSync(folder), [])
  })

  await t.test('writes one sealed file, for its owner alone', async (t) => {
    await run(['users', 'create', '--username', 'ada'], { input: PASSWORD })
    const variables = { BACKUP_PASSPHRASE: PASSPHRASE.input }
    const { code, stdout, stderr } = await run(['backup', file], { variables })
    t.strictSame([code, stderr], [0, ''])
    t.equal(
      stdout,
      `1 account, 0 sessions and all other data written to ${file}. The file and the passphrase together give access to everything.\n`
    )
    t.strictSame(readdirSync(folder), ['backup'])
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.match((await run(['audit', 'list'])).stdout, /operator +backup made +- +- +count: 1/)
  })

  await t.test('replaces no file', async (t) => {
    const before = readFileSync(file)
    t.strictSame(await run(['backup', file, '--json'], PASSPHRASE), {
      code: 1,
      stdout: '',
      stderr: `${JSON.stringify({ error: `${file} already exists: choose another name, or move the file.` })}\n`
    })
    t.ok(readFileSync(file).equals(before))
    t.notMatch((await run(['audit', 'list'])).stdout, /backup made[\s\S]*backup made/, 'none is on record')
  })
})
