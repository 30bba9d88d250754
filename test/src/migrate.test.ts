import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { fillDataFolder } from '../database.ts'

const inRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** How the program ends, in a folder and with this configuration, and what it says. */
function migrate(cwd: string, environment: NodeJS.ProcessEnv) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', inRoot('test/typescript.mjs'), inRoot('src/migrate.ts')],
    { cwd, encoding: 'utf8', env: { PATH: process.env.PATH, ...environment } }
  )
  return { status, stdout, stderr }
}

test('the program that migrates alone', async (t) => {
  const folder = t.testdir({ data: {} })

  await t.test('applies what is missing, and then nothing', async (t) => {
    const fresh = migrate(folder, { DATA_DIR: join(folder, 'fresh') })
    t.match(fresh, { status: 0, stdout: /^applied 1 users$/m })
    const data = join(folder, 'data')
    await fillDataFolder(data)
    t.match(migrate(folder, { DATA_DIR: data }), { status: 0, stdout: /^the schema is up to date$/m })
  })

  await t.test('says what keeps it from it', (t) => {
    const { status, stdout, stderr } = migrate(folder, { DATABASE_URL: 'nonsense' })
    t.strictSame({ status, stdout }, { status: 1, stdout: '' })
    t.match(stderr, /^latchkey cannot migrate\. [\s\S]*DATABASE_URL/)
    t.end()
  })
})
