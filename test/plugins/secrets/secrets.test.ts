import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import config from '../../../plugins/config.ts'
import pg from '../../../plugins/database/pg.ts'
import secrets from '../../../plugins/secrets/secrets.ts'
import { readConfig } from '../../../src/config/config.ts'
import { FolderLocked, lockFolder } from '../../../src/database/folder-lock.ts'
import { readSecrets } from '../../../src/secrets/secret-file.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'
import { embeddedDatabase } from '../../helpers/database.ts'

const CURRENT = 'a secret of the environment, long enough'
const PREVIOUS = 'the secret that was there before this one'
const plugins = [config, pg, secrets]

test('the secrets', async (t) => {
  const { pglite } = await embeddedDatabase(t)
  const start = async (environment: Record<string, string>) => {
    const fastify = assemble(t, { plugins, pglite, config: readConfig(environment) })
    await fastify.ready()
    return readSecrets(fastify.config)
  }

  await t.test('are those of the environment, and nothing is written', async (t) => {
    const DATA_DIR = t.testdir()
    t.strictSame(await start({ DATA_DIR, SECRET_KEY: CURRENT }), { current: CURRENT, previous: undefined })
    t.strictSame(await start({ DATA_DIR, SECRET_KEY: CURRENT, SECRET_KEY_PREVIOUS: PREVIOUS }), {
      current: CURRENT,
      previous: PREVIOUS
    })
    t.strictSame(readdirSync(DATA_DIR), [])
  })

  await t.test('are made into DATA_DIR when there is none, and found there again', async (t) => {
    const DATA_DIR = t.testdir()
    const { current, previous } = await start({ DATA_DIR })
    t.match(current, /^[\w-]{43}$/)
    t.equal(previous, undefined)
    t.equal(readFileSync(join(DATA_DIR, 'secret.key'), 'utf8'), `${current}\n`)
    t.strictSame(await start({ DATA_DIR, SECRET_KEY_PREVIOUS: PREVIOUS }), { current, previous: PREVIOUS })
  })
})

test('a secret that is lost is not replaced where the database needs it', async (t) => {
  const { pglite } = await embeddedDatabase(t)
  const DATA_DIR = t.testdir()
  const start = async (given: { existing?: boolean; environment?: Record<string, string> } = {}) => {
    const { existing = false, environment } = given
    const fastify = assemble(t, { plugins, pglite, existing, config: readConfig({ DATA_DIR, ...environment }) })
    await fastify.ready()
    return readSecrets(fastify.config)
  }
  const lost = {
    message: `${DATA_DIR}/secret.key is missing: restore it, or set SECRET_KEY to the secret that was in it`
  }
  const holding = [
    "INSERT INTO root_secret (sealed, created_at) VALUES ('\\x00', now())",
    `INSERT INTO signing_keys (kid, public_key, private_key, created_at, sign_from)
     VALUES ('kid', '{}', '\\x00', now(), now())`
  ]
  for (const statement of holding) {
    await pglite.exec(`DELETE FROM root_secret; ${statement}`)
    t.match(await caught(start()), lost)
    t.match(await caught(start({ existing: true })), lost)
    t.strictSame(readdirSync(DATA_DIR), [])
    t.match(await start({ environment: { SECRET_KEY: CURRENT } }), { current: CURRENT })
  }
  writeFileSync(join(DATA_DIR, 'secret.key'), CURRENT)
  t.match(await start(), { current: CURRENT })
})

test('no secret is made in a folder that another process uses', async (t) => {
  const DATA_DIR = t.testdir()
  t.teardown(lockFolder(DATA_DIR))
  const fastify = assemble(t, { plugins, config: readConfig({ DATA_DIR }) })
  t.ok((await caught(fastify.ready() as unknown as Promise<unknown>)) instanceof FolderLocked)
  t.notOk(existsSync(join(DATA_DIR, 'secret.key')))
})
