import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { emptyDatabase, fillDataFolder } from '../helpers/database.ts'
import { serverOver } from '../helpers/servers.ts'

const inRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

// Like the tests themselves, with the quick compiler for the embedded database.
const PROGRAM = ['--liftoff-only', '--import', inRoot('test/helpers/typescript.mjs'), inRoot('src/migrate.ts')]

/** How the program ends, in a folder and with this configuration, and what it says. */
async function migrate(cwd: string, environment: NodeJS.ProcessEnv, ...words: string[]) {
  const env = { PATH: process.env.PATH, ...environment }
  // Not at once: an embedded database of this process may have to answer it.
  const child = spawn(process.execPath, [...PROGRAM, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { status, stdout, stderr }
}

test('the program that migrates alone', async (t) => {
  const folder = t.testdir({ data: {} })

  await t.test('applies what is missing, and then nothing', async (t) => {
    const fresh = join(folder, 'fresh')
    await fillDataFolder(fresh, { migrated: false })
    t.match(await migrate(folder, { DATA_DIR: fresh }), { status: 0, stdout: /^applied 1 users$/m })
    const data = join(folder, 'data')
    await fillDataFolder(data)
    t.strictSame(await migrate(folder, { DATA_DIR: data }), {
      status: 0,
      stdout: 'the schema is up to date\n',
      stderr: `database: embedded in ${data}\n`
    })
  })

  await t.test('makes no embedded database', async (t) => {
    const { status, stdout, stderr } = await migrate(folder, { DATA_DIR: './none' })
    t.strictSame({ status, stdout }, { status: 1, stdout: '' })
    const [where, why] = stderr.split('\n')
    t.equal(where, `database: embedded in ${folder}/none`)
    t.match(
      why,
      /^latchkey cannot migrate\. There is no database in .*\/none\. Nothing was created\. .* start the service once\.$/
    )
    t.notOk(readdirSync(folder).includes('none'))
  })

  await t.test('makes the schema of a server', async (t) => {
    const database = await emptyDatabase(t)
    const DATABASE_URL = 'url' in database ? database.url : await serverOver(t, database.pglite)
    const { host, pathname } = new URL(DATABASE_URL)
    const ended = await migrate(folder, { DATABASE_URL, SECRET_KEY: 'x'.repeat(32) })
    t.match(ended, { status: 0, stdout: /^applied 1 users$/m, stderr: `database: ${host}${pathname}\n` })
  })

  await t.test('reads the file that --env-file names in place of .env, and knows no other word', async (t) => {
    const folder = t.testdir({ '.env': 'DATA_DIR=./here\n', 'latchkey.env': 'DATA_DIR=./there\n' })
    const asked: [words: string[], status: number, stderr: string | RegExp][] = [
      [['--env-file', 'latchkey.env'], 1, `database: embedded in ${folder}/there\n`],
      [[], 1, `database: embedded in ${folder}/here\n`],
      [['--env-file'], 2, /argument missing/],
      [['now'], 2, /too many arguments/],
      [['--dry-run'], 2, /unknown option '--dry-run'/]
    ]
    for (const [words, status, stderr] of asked) {
      t.match(await migrate(folder, {}, ...words), { status, stdout: '', stderr }, words.join(' '))
    }
    t.match(await migrate(folder, {}, '--help'), { status: 0, stdout: /^Usage: migrate /, stderr: '' })
    t.strictSame(readdirSync(folder).sort(), ['.env', 'latchkey.env'])
  })

  await t.test('says what keeps it from it', async (t) => {
    const { status, stdout, stderr } = await migrate(folder, { DATABASE_URL: 'nonsense' })
    t.strictSame({ status, stdout }, { status: 1, stdout: '' })
    t.match(stderr, /^latchkey cannot migrate\. [\s\S]*DATABASE_URL/)
  })
})
