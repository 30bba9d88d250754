import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { build, PASSWORD } from '../helpers/app.ts'
import { contentOf, inUse, PASSPHRASE } from '../helpers/backups.ts'
import { run as runThere } from '../helpers/command.ts'
import { migratedDatabase } from '../helpers/database.ts'

test('restore', async (t) => {
  const folder = t.testdir()
  const file = `${folder}/backup`
  const database = await migratedDatabase(t)
  const { run } = await inUse(t, database)
  t.match(JSON.parse((await run(['--json', 'backup', file], PASSPHRASE)).stdout), {
    file,
    rows: { users: 2, sessions: 2, signing_keys: 3, root_secret: 1, audit_head: 1 }
  })
  t.match((await run(['audit', 'list'])).stdout, /operator +backup made +- +- +count: 2/)
  const before = await contentOf(t, database)
  const unchanged = async (t: Test) => t.strictSame(await contentOf(t, database), before, 'nothing is changed')

  await t.test('refuses a database that holds something', async (t) => {
    const { code, stderr } = await run(['restore', file], PASSPHRASE)
    t.equal(code, 1)
    t.match(
      stderr,
      /^The database contains 2 accounts and \d+ records of the audit log, and nothing was changed: --replace/
    )
    await unchanged(t)
  })

  await t.test('tells beforehand what it would do', async (t) => {
    const held = await run(['restore', file, '--dry-run'], PASSPHRASE)
    t.equal(held.code, 1)
    t.match(
      held.stdout,
      /2 sessions and all other data from \S+ would be restored\. Nothing was changed\.\nThe database contains 2 accounts and \d+ records of the audit log; --replace deletes them\.\n$/
    )
    const replaced = await run(['restore', file, '--dry-run', '--replace', '--json'], PASSPHRASE)
    t.equal(replaced.code, 0)
    t.match(JSON.parse(replaced.stdout), {
      migration: Number,
      rows: { users: 2 },
      restored: false,
      holds: { users: 2 }
    })
    await unchanged(t)
    const variables = { DATA_DIR: `${folder}/data` }
    const elsewhere = await runThere(['restore', file, '--dry-run'], { ...PASSPHRASE, variables })
    t.match(elsewhere, {
      code: 0,
      stdout: /would be restored into a new database, embedded in .*\. Nothing was changed\.\n$/
    })
    t.notOk(existsSync(variables.DATA_DIR), 'to look makes nothing')
  })

  await t.test('replaces nothing where nobody has confirmed it', async (t) => {
    t.match(await run(['restore', file, '--replace'], PASSPHRASE), {
      code: 1,
      stdout:
        /^2 accounts and \d+ records of the audit log would be deleted\.\nNothing was changed: confirm with --yes\.\n$/,
      stderr: ''
    })
    await unchanged(t)
  })

  await t.test('makes a database where there is none, since that is what it is for', async (t) => {
    const variables = { DATA_DIR: `${folder}/new` }
    const { code, stdout } = await runThere(['restore', file], { ...PASSPHRASE, variables })
    t.equal(code, 0)
    t.match(stdout, ` restored into a new database, embedded in ${folder}/new.\n`)
    t.match((await runThere(['users', 'list', '--json'], { variables })).stdout, '"username":"ada"')
  })

  await t.test('takes a backup in the format before age', async (t) => {
    const old = fileURLToPath(new URL('../fixtures/first-format.backup', import.meta.url))
    const variables = { DATA_DIR: `${folder}/new` }
    const { code, stdout } = await runThere(['restore', old, '--replace', '--yes'], { ...PASSPHRASE, variables })
    t.equal(code, 0)
    t.match(stdout, '701 accounts, 0 sessions and all other data from 2026-11-30T')
    t.match((await runThere(['users', 'show', 'ada', '--json'], { variables })).stdout, '"username":"ada"')
  })

  const bytes = readFileSync(file)
  for (const [what, content, message] of [
    ['another passphrase', bytes, /^The passphrase is wrong/],
    ['no backup', Buffer.from('{"users":[]}'), /^The file is not a backup of Latchkey\.$/],
    ['an end that is cut off', bytes.subarray(0, -1), /^The backup is damaged/]
  ] as const) {
    await t.test(`changes nothing for ${what}`, async (t) => {
      writeFileSync(`${folder}/other`, content)
      const passphrase = what === 'another passphrase' ? { input: 'a passphrase of somebody else' } : PASSPHRASE
      const { code, stderr } = await run(['restore', `${folder}/other`, '--replace', '--yes', '--json'], passphrase)
      t.equal(code, 1)
      t.match(JSON.parse(stderr), { error: message })
      await unchanged(t)
    })
  }

  await t.test('a file that is not there', async (t) => {
    t.match(await run(['restore', `${folder}/none`], PASSPHRASE), { code: 1, stderr: /ENOENT/ })
  })

  await t.test('refuses a database that instances use', async (t) => {
    if (!('url' in database)) {
      t.pass('an embedded one has its lock')
      return
    }
    const fastify = await build(t, { database })
    t.match(await run(['restore', file, '--replace', '--yes'], PASSPHRASE), {
      code: 1,
      stderr: /^The database is in use by \d+ connections? of the service: stop all instances first\.$/m
    })
    await fastify.close()
    await unchanged(t)
  })

  await t.test('replaces with --replace all that is there', async (t) => {
    await run(['users', 'create', '--username', 'eve'], { input: PASSWORD })
    const { code, stderr } = await run(['restore', file, '--replace', '--yes'], PASSPHRASE)
    t.equal(code, 0, stderr)
    const after = await contentOf(t, database)
    t.strictSame(after.users, before.users)
    t.strictSame(after.sessions, before.sessions)
    t.equal((await run(['audit', 'verify'])).code, 0)
  })
})
