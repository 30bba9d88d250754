import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { test } from 'tap'
import { readOrCreateSecret } from '../../../src/secrets/secret-file.ts'

const SECRET = /^[\w-]{43}$/

test('an installation without a secret', async (t) => {
  await t.test('creates one that only its owner can read, and keeps it', async (t) => {
    const folder = `${t.testdir()}/a/new/folder`
    const secret = readOrCreateSecret(folder)
    t.match(secret, SECRET)
    t.equal(readFileSync(`${folder}/secret.key`, 'utf8'), `${secret}\n`)
    t.equal(statSync(`${folder}/secret.key`).mode & 0o777, 0o600)
    t.equal(statSync(folder).mode & 0o777, 0o700)
    t.strictSame(readdirSync(folder), ['secret.key'])
    t.equal(readOrCreateSecret(folder), secret)
  })

  await t.test('has another one in each folder', async (t) => {
    const folder = t.testdir()
    t.not(readOrCreateSecret(`${folder}/one`), readOrCreateSecret(`${folder}/other`))
  })

  await t.test('uses the one that was restored there', async (t) => {
    const folder = t.testdir({ 'secret.key': '\uFEFFkept in a safe, and long enough to be one\r\n' })
    t.equal(readOrCreateSecret(folder), 'kept in a safe, and long enough to be one')
  })

  await t.test('creates one after a crash has interrupted the first attempt', async (t) => {
    const folder = t.testdir({ 'secret.key.new': 'cut sh' })
    t.match(readOrCreateSecret(folder), SECRET)
    t.strictSame(readdirSync(folder), ['secret.key'])
  })

  await t.test('does not follow a link in place of the temporary file', async (t) => {
    const folder = t.testdir({ outside: 'kept', data: {} })
    symlinkSync('../outside', `${folder}/data/secret.key.new`)
    t.match(readOrCreateSecret(`${folder}/data`), SECRET)
    t.equal(readFileSync(`${folder}/outside`, 'utf8'), 'kept')
    t.strictSame(readdirSync(`${folder}/data`), ['secret.key'])
  })

  for (const [what, content] of [
    ['empty', ''],
    ['blank', ' \n'],
    ['shorter than a secret may be', 'x'.repeat(31)],
    ['in UTF-16', Buffer.from('\uFEFFkept in a safe, and long enough', 'utf16le')],
    ['not text', Buffer.alloc(64, 0xff)],
    ['full of nothing', Buffer.alloc(64)]
  ] as const) {
    await t.test(`does not go on with a file that is ${what}`, async (t) => {
      const folder = t.testdir({ 'secret.key': content })
      t.throws(() => readOrCreateSecret(folder), {
        message: `${folder}/secret.key does not hold a secret of 32 bytes or more in UTF-8: restore it, or set SECRET_KEY to the secret that was in it`
      })
      t.strictSame(readFileSync(`${folder}/secret.key`), Buffer.from(content), 'and leaves it as it is')
    })
  }

  await t.test('reports why a secret cannot be stored', async (t) => {
    const folder = t.testdir({ data: 'a file' })
    t.throws(() => readOrCreateSecret(`${folder}/data`), { name: 'DataFolderError' })
  })

  await t.test('does not replace one that cannot be read', async (t) => {
    const folder = t.testdir({ folder: { 'secret.key': {} }, link: {}, pipe: {} })
    spawnSync('mkfifo', [`${folder}/pipe/secret.key`])
    symlinkSync('nowhere', `${folder}/link/secret.key`)
    for (const [name, why] of [
      ['folder', 'it is not a file'],
      ['pipe', 'it is not a file'],
      ['link', 'ENOENT: ']
    ]) {
      const message = new RegExp(`^${folder}/${name}/secret\\.key cannot be read: ${why}`)
      t.throws(() => readOrCreateSecret(`${folder}/${name}`), { message })
    }
  })
})
