import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import config from '../../plugins/config.ts'
import pg from '../../plugins/pg.ts'
import secrets from '../../plugins/secrets.ts'
import { readConfig } from '../../src/config.ts'
import { FolderLocked, lockFolder } from '../../src/folder-lock.ts'
import { assemble } from '../assemble.ts'
import { caught } from '../caught.ts'
import { embeddedDatabase } from '../database.ts'

const CURRENT = 'a secret of the environment, long enough'
const PREVIOUS = 'the secret that was there before this one'
const plugins = [config, pg, secrets]

test('the secrets', async (t) => {
  const { pglite } = await embeddedDatabase(t)
  const start = async (environment: Record<string, string>) => {
    const fastify = assemble(t, { plugins, pglite, config: readConfig(environment) })
    await fastify.ready()
    return fastify.secrets
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

test('no secret is made in a folder that another process uses', async (t) => {
  const DATA_DIR = t.testdir()
  t.teardown(lockFolder(DATA_DIR))
  const fastify = assemble(t, { plugins, config: readConfig({ DATA_DIR }) })
  t.ok((await caught(fastify.ready() as unknown as Promise<unknown>)) instanceof FolderLocked)
  t.notOk(existsSync(join(DATA_DIR, 'secret.key')))
})
