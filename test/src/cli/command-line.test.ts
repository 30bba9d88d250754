import { readdirSync, readFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { runCommand } from '../../../src/cli/command-line.ts'
import { readConfig } from '../../../src/config/config.ts'
import { operator, run as runWith, startOnce } from '../../helpers/command.ts'
import { emptyDatabase, fillDataFolder, migratedDatabase, poolOf } from '../../helpers/database.ts'
import { serverOver } from '../../helpers/servers.ts'

test('the command line', async (t) => {
  const run = await operator(t)

  await t.test('tells what there is', async (t) => {
    const { code, stdout, stderr } = await run(['--help'])
    t.strictSame([code, stderr], [0, ''])
    t.match(stdout, /^Usage: latchkey \[options\] \[command\]/)
    for (const name of readdirSync(new URL('../../../commands/', import.meta.url)))
      t.match(stdout, name.replace('.ts', ''))
    t.match((await run(['keys', 'list', '--help'])).stdout, /^Usage: latchkey keys list \[options\]/)
  })

  await t.test('ends with 2 where its words are at fault', async (t) => {
    const table: [words: string[], stderr: RegExp][] = [
      [['kyes'], /unknown command 'kyes'/],
      [['keys', 'lits'], /unknown command 'lits'/],
      [['keys', 'list', '--loud'], /unknown option '--loud'/],
      [['keys', 'list', 'all'], /too many arguments/],
      [['users', 'list', '--limit', '0'], /must be a whole number from 1 to 1000/],
      [['users', 'list', '--limit', '1001'], /must be a whole number from 1 to 1000/],
      [['users', 'list', '--limit', '1.5'], /must be a whole number from 1 to 1000/],
      [['keys'], /Usage: latchkey keys/],
      [[], /Usage: latchkey/]
    ]
    for (const [words, expected] of table) {
      const { code, stdout, stderr } = await run(words)
      t.strictSame([code, stdout], [2, ''], words.join(' '))
      t.match(stderr, expected)
    }
  })

  await t.test('ends with 1 and the reason where the service could not start either', async (t) => {
    const database = await migratedDatabase(t)
    await (await operator(t, { database }))(['keys', 'list'])
    const stranger = await operator(t, { database, environment: { SECRET_KEY: 'another secret, which opens nothing' } })
    const message =
      'SECRET_KEY unwraps none of the 1 signing keys in the database: set the SECRET_KEY that they were sealed with, or add it as SECRET_KEY_PREVIOUS'
    t.strictSame(await stranger(['keys', 'list']), { code: 1, stdout: '', stderr: `${message}\n` })
    const { code, stdout, stderr } = await stranger(['keys', 'list', '--json'])
    t.strictSame([code, stdout, JSON.parse(stderr)], [1, '', { error: message }])
  })

  await t.test('names all that is at fault in what was given', async (t) => {
    const words = ['users', 'create', '--username', 'a', '--email', 'b']
    const errors = [
      { path: '/username', message: 'must have at least 3 characters' },
      { path: '/email', message: 'must be an email address' }
    ]
    const lines = errors.map(({ path, message }) => `${path.slice(1)} ${message}\n`)
    t.strictSame(await run(words), { code: 1, stdout: '', stderr: lines.join('') })
    const { stderr } = await run(['--json', ...words])
    t.strictSame(JSON.parse(stderr), {
      error: 'The request does not fit its schema.',
      code: 'VALIDATION_FAILED',
      errors
    })
  })
})

/** Runs a command, and gives all that it says. */
async function said(words: string[], environment: NodeJS.ProcessEnv) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const [out, err] = [text(stdout), text(stderr)]
  const code = await runCommand(words, { stdin: Readable.from(['']), stdout, stderr, environment })
  stdout.end()
  stderr.end()
  return { code, stdout: await out, stderr: await err }
}

test('a command never makes a database', async (t) => {
  const SECRET_KEY = 'only for tests, and long enough to be one'
  const writing = [
    ['users', 'create', '--username', 'ada'],
    ['users', 'import', '-'],
    ['keys', 'rotate'],
    ['keys', 'rewrap']
  ]
  const reading = [
    ['users', 'list'],
    ['users', 'show', 'ada'],
    ['keys', 'list'],
    ['audit', 'list'],
    ['audit', 'verify']
  ]

  await t.test('nor a folder or a secret', async (t) => {
    const folder = t.testdir({})
    for (const words of [...reading, ...writing, ['doctor']]) {
      const { code, stderr } = await said(words, { DATA_DIR: `${folder}/data` })
      t.match(stderr, `database: embedded in ${folder}/data\n`)
      if (words[0] !== 'doctor') {
        t.equal(code, 1)
        t.match(stderr, `There is no database in ${folder}/data. Nothing was created.`, words.join(' '))
      }
      t.strictSame(readdirSync(folder), [])
    }
    const { stderr } = await said(['users', 'list', '--json'], { DATA_DIR: `${folder}/data` })
    const [where, error] = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    t.strictSame(where, { database: `embedded in ${folder}/data` })
    t.match(error, { error: /^There is no database/ })
  })

  await t.test('nor the secret of one that is there', async (t) => {
    const DATA_DIR = t.testdir()
    await fillDataFolder(DATA_DIR)
    const before = readdirSync(DATA_DIR)
    const { code, stderr } = await said(['users', 'list'], { DATA_DIR })
    t.equal(code, 1)
    t.match(stderr, `${DATA_DIR}/secret.key is missing: restore it`)
    t.strictSame(readdirSync(DATA_DIR), before)
    await startOnce({ config: readConfig({ DATA_DIR, SECRET_KEY }) })
    t.equal((await said(['users', 'list'], { DATA_DIR, SECRET_KEY })).code, 0)
  })

  await t.test('nor the root secret and the keys, where no service has ever started', async (t) => {
    const database = await migratedDatabase(t)
    const config = readConfig({ SECRET_KEY, ...('url' in database && { DATABASE_URL: database.url }) })
    const given = { config, ...('pglite' in database && { pglite: database.pglite }) }
    const pool = await poolOf(t, database)
    const made = async () =>
      (await pool.query('SELECT (SELECT count(*) FROM root_secret) + (SELECT count(*) FROM signing_keys) AS n')).rows[0]
    for (const words of [...reading, ...writing]) {
      const { code, stderr } = await runWith(words, { input: 'a password that is long enough' }, given)
      t.match(
        { code, stderr },
        { code: 1, stderr: /^The service has never started on this database\. Nothing was created\. / }
      )
      t.equal(Number((await made()).n), 0, words.join(' '))
    }
    await startOnce(given)
    t.equal((await runWith(['keys', 'list'], {}, given)).code, 0)
  })

  await t.test('nor a schema', async (t) => {
    const database = await emptyDatabase(t)
    const DATABASE_URL = 'url' in database ? database.url : await serverOver(t, database.pglite)
    for (const words of [
      ['users', 'list'],
      ['users', 'create', '--username', 'ada']
    ]) {
      const { code, stderr } = await said(words, { DATABASE_URL, SECRET_KEY, DATABASE_POOL: '1' })
      const { host, pathname } = new URL(DATABASE_URL)
      t.equal(code, 1)
      t.match(stderr, `database: ${host}${pathname}\nThe database has no schema. Nothing was created.`)
    }
  })
})

test('--version', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  for (const words of [['--version'], ['-V'], ['-V', '--json']]) {
    t.strictSame(await said(words, {}), { code: 0, stdout: `${version}\n`, stderr: '' })
  }
})

test('what others have written does not steer the terminal, nor its faults', async (t) => {
  const run = await operator(t)
  const input = 'username,\u001b[2J\u009b31m\u202erole\nada,x\n'
  const table = await run(['users', 'import', '-', '--format', 'csv'], { input })
  t.equal(table.code, 1)
  t.match(table.stderr, 'Unknown columns: ?[2J?31m?role.')
  const json = await run(['users', 'import', '-', '--format', 'csv', '--json'], { input })
  t.match(json.stderr, '\\u001b[2J\\u009b31m\\u202erole')
  t.notMatch(json.stderr, /[\u0080-\u009f\u202e]/)
  t.match((await run(['users', 'show', 'a\u009b', '--json'])).stderr, 'a\\u009b')
  t.match((await runWith(['\u009bkeys'])).stderr, "unknown command '?keys'")
})
