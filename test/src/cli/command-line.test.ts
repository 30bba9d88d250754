import { readdirSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { runCommand, settingsFailure } from '../../../src/cli/command-line.ts'
import { readConfig } from '../../../src/config/config.ts'
import { operator, run as runWith, startOnce } from '../../helpers/command.ts'
import { emptyDatabase, fillDataFolder, migratedDatabase, poolOf } from '../../helpers/database.ts'
import { serverOver } from '../../helpers/servers.ts'

const FOLDER = new URL('../../../commands/', import.meta.url)

test('the command line', async (t) => {
  const run = await operator(t)

  await t.test('tells what there is', async (t) => {
    const { code, stdout, stderr } = await run(['--help'])
    t.strictSame([code, stderr], [0, ''])
    t.match(stdout, /^Usage: latchkey \[options\] \[command\]/)
    for (const name of readdirSync(FOLDER)) t.match(stdout, name.replace('.ts', ''))
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

/** The words of every command with a result: the paths of the files in commands/. `start` has a log. */
const COMMANDS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replace('.ts', '').replaceAll(sep, ' '))
  .filter((words) => words !== 'start')
  .sort()

test('--json prints JSON and nothing else, whatever the command', async (t) => {
  const run = await operator(t)
  const folder = t.testdir({})
  const password = 'correct horse battery staple'
  const { stdout } = await run(['keys', 'list', '--json'])
  const { kid } = JSON.parse(stdout).keys[0]
  const account = 'ada@example.com'
  const cases: [words: string, rest: string[], code: number, keys: string[]][] = [
    ['users create', ['--email', account, '--role', 'admin'], 0, ['id', 'roles']],
    ['users show', [account], 0, ['id', 'sessions']],
    ['users list', [], 0, ['users', 'next']],
    ['users list', ['--limit', '0'], 2, ['error']],
    ['users rename', [account, 'ada'], 0, ['username_before']],
    ['users roles', [account, '--', '-admin'], 1, ['error', 'code']],
    ['users set-email', [account, account], 0, ['email_before']],
    ['users set-password', [account], 0, ['sessions_ended']],
    ['users verify', [account], 0, ['was_verified']],
    ['users unlock', [account], 0, ['were_blocked']],
    ['users unlink', [account, 'google'], 1, ['error']],
    ['users reset-factors', [account], 0, ['totp_removed']],
    ['users end-sessions', [account], 0, ['sessions_ended']],
    ['users disable', [account], 1, ['error', 'code']],
    ['users enable', [account], 0, ['was_disabled']],
    ['users export', [`${folder}/users.jsonl`], 0, ['exported']],
    ['users import', [`${folder}/users.jsonl`], 0, ['already_there']],
    ['users delete', [account], 1, ['deleted']],
    ['service-keys create', ['nightly', '--scope', 'users:read'], 0, ['key']],
    ['service-keys list', [], 0, ['service_keys']],
    ['service-keys rotate', ['nobody'], 1, ['error']],
    ['service-keys revoke', ['nobody'], 1, ['error']],
    ['keys list', [], 0, ['keys']],
    ['keys rotate', [], 0, ['kid']],
    ['keys revoke', ['--', kid], 1, ['revoked']],
    ['keys rewrap', [], 0, ['signing_keys']],
    ['providers list', [], 0, ['providers']],
    ['providers test', ['google'], 1, ['error']],
    ['audit list', [], 0, ['records']],
    ['audit verify', [], 0, ['intact']],
    ['audit purge', ['--before', '2100-01-01'], 1, ['purged']],
    ['backup', [`${folder}/backup`], 1, ['error']],
    ['restore', [`${folder}/backup`], 1, ['error']],
    ['doctor', [], 0, ['findings']]
  ]
  t.strictSame([...new Set(cases.map(([words]) => words))].sort(), COMMANDS)
  for (const [words, rest, code, keys] of cases) {
    // Their own tests have the results of backup and restore, which take long to derive a key.
    const piped = { input: password, variables: { BACKUP_PASSPHRASE: 'short' } }
    const said = await run(['--json', ...words.split(' '), ...rest], piped)
    t.equal(said.code, code, words)
    const stderr = said.stderr
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    const document = JSON.parse(said.stdout || '{}')
    t.strictSame(
      keys.filter((key) => !(key in Object.assign({}, document, ...stderr))),
      [],
      words
    )
    t.equal(said.stdout === '', keys[0] === 'error', `${words}: a result or an error`)
  }
})

test('a usage error is JSON too, with --json anywhere', async (t) => {
  const run = await operator(t)
  const table: [words: string[], error: string][] = [
    [['--json', 'kyes'], "unknown command 'kyes'\n(Did you mean keys?)"],
    [['keys', 'list', '--loud', '--json'], "unknown option '--loud'"],
    [['users', 'create', 'ada', '--json'], "did you mean '--username ada'?"],
    [['keys', '--json'], 'a command is missing']
  ]
  for (const [words, error] of table) {
    t.strictSame(await run(words), { code: 2, stdout: '', stderr: `${JSON.stringify({ error })}\n` })
  }
})

test('settings that cannot be read are an error as text or JSON', (t) => {
  const error = 'latchkey cannot read its settings. No .env.'
  t.equal(settingsFailure(['keys', 'list'], new Error('No .env.')), `${error}\n`)
  t.equal(settingsFailure(['keys', 'list', '--json'], new Error('No .env.')), `${JSON.stringify({ error })}\n`)
  t.end()
})

test('the progress of a command is removed before its result, and is none with --json or in a pipe', async (t) => {
  const run = await operator(t)
  const file = `${t.testdir({ 'users.jsonl': '{"username": "ada"}\n' })}/users.jsonl`
  const onTerminal = { onTerminal: true }
  t.strictSame(await run(['users', 'import', file], onTerminal), {
    code: 0,
    stdout: '1 account read: 1 imported, 0 already there, 0 refused.\n',
    stderr: '\r1 account read\r              \r'
  })
  t.match(await run(['users', 'import', file, '--json'], onTerminal), { code: 0, stderr: '' })
  t.match(await run(['users', 'import', file]), { code: 0, stderr: '' })
})

/** Runs a command, and gives all that it says. */
async function said(words: string[], environment: NodeJS.ProcessEnv) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const [out, err] = [text(stdout), text(stderr)]
  const code = await runCommand(
    words,
    { stdin: Readable.from(['']), stdout, stderr, environment },
    'data:text/javascript,'
  )
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
