import { existsSync, readFileSync, statSync } from 'node:fs'
import { test } from 'tap'
import { answer, build, PASSWORD, post, refusal } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase, poolOf } from '../../helpers/database.ts'

const ARGON2 = '$argon2id$v=19$m=1024,t=2,p=2$QHWkNWd2d+pE/4j8ioy+OA$gVuL7EmLG96ifhemmLNE7w'
const DJANGO = 'pbkdf2_sha1$1000$NaClNaClNaCl$tp5y7YTaIxqUbCP12nQrNldLoxs='
const WRONG = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')
}

test('users import', async (t) => {
  const database = await migratedDatabase(t)
  const pool = await poolOf(t, database)
  const fastify = await build(t, { database })
  const run = await operator(t, { database })
  const file = [
    JSON.stringify({ username: 'ada', password_hash: ARGON2 }),
    JSON.stringify({ username: 'bob', password_hash: DJANGO, role: 'admin' }),
    JSON.stringify({ username: 'eve' }),
    JSON.stringify({ username: 'kim', password_hash: 'secret!' })
  ].join('\n')
  const folder = t.testdir({ 'users.jsonl': file, 'users.csv': 'username,email\nmax,max@example.com\n' })
  const login = async (username: string, password = PASSWORD) =>
    answer(await post(fastify, '/login', { username, password }))
  const hashes = async () => {
    const { rows } = await pool.query('SELECT username, password_hash FROM users')
    return Object.fromEntries(rows.map(({ username, password_hash }) => [username, password_hash]))
  }

  await t.test('--dry-run changes nothing', async (t) => {
    t.strictSame(await run(['users', 'import', `${folder}/users.jsonl`, '--dry-run']), {
      code: 1,
      stdout:
        '4 accounts read: 2 would be imported, 0 already there, 2 refused.\nUse --report FILE to see the reasons.\n',
      stderr: ''
    })
    t.strictSame(await hashes(), {})
  })

  await t.test('takes what it can, and reports what it refuses', async (t) => {
    const report = `${folder}/report.jsonl`
    const { code, stdout } = await run(['--json', 'users', 'import', `${folder}/users.jsonl`, '--report', report])
    t.equal(code, 1)
    t.strictSame(JSON.parse(stdout), { read: 4, imported: 2, already_there: 0, refused: 2, dry_run: false })
    t.equal(
      readFileSync(report, 'utf8'),
      '{"line":2,"code":"VALIDATION_FAILED","errors":[{"path":"/role","message":"is not a known key"}]}\n' +
        '{"line":4,"code":"HASH_REFUSED","errors":[{"path":"/password_hash","message":"has no known format"}]}\n'
    )
    t.equal(statSync(report).mode & 0o777, 0o600)
    t.strictSame(await hashes(), { ada: ARGON2, eve: null })
  })

  await t.test('goes on where it was, from standard input too', async (t) => {
    const input = file.replace('secret!', DJANGO)
    t.strictSame(await run(['users', 'import', '-', '--ignore-unknown'], { input }), {
      code: 0,
      stdout: '4 accounts read: 2 imported, 2 already there, 0 refused.\n',
      stderr: ''
    })
  })

  await t.test('reads CSV', async (t) => {
    const { stdout } = await run(['users', 'import', `${folder}/users.csv`])
    t.equal(stdout, '1 account read: 1 imported, 0 already there, 0 refused.\n')
    const again = await run(['users', 'import', '-', '--format', 'csv'], { input: 'username\nmax\n' })
    t.equal(again.stdout, '1 account read: 0 imported, 1 already there, 0 refused.\n')
    t.equal((await run(['users', 'import', '-', '--format', 'xml'])).code, 2)
  })

  await t.test('says so where there is no file', async (t) => {
    for (const more of [[], ['--dry-run'], ['--report', `${folder}/unwritten.jsonl`]]) {
      const { code, stderr } = await run(['users', 'import', `${folder}/none.jsonl`, ...more])
      t.equal(code, 1)
      t.match(stderr, /^ENOENT: no such file or directory/)
    }
    t.notOk(existsSync(`${folder}/unwritten.jsonl`))
  })

  await t.test('overwrites no file with its report', async (t) => {
    const file = `${folder}/users.csv`
    const before = readFileSync(file, 'utf8')
    const { code, stderr } = await run(['users', 'import', file, '--report', file])
    t.equal(code, 1)
    t.match(stderr, /^EEXIST: file already exists/)
    t.equal(readFileSync(file, 'utf8'), before)
  })

  await t.test('leaves out a column of any name', async (t) => {
    const words = ['users', 'import', '-', '--format', 'csv', '--ignore-unknown', '--dry-run']
    const { code, stdout } = await run(words, { input: 'username,toString\nquentin,x\n' })
    t.strictSame([code, stdout], [0, '1 account read: 1 would be imported, 0 already there, 0 refused.\n'])
  })

  await t.test('lets people in by their old passwords, and keeps bcrypt from then on', async (t) => {
    t.strictSame(await login('ada', 'wrong password'), WRONG)
    t.equal((await hashes()).ada, ARGON2)
    for (const username of ['ada', 'bob']) {
      t.match(await login(username), { statusCode: 200 })
      t.match((await hashes())[username], /^\$2b\$04\$/)
      t.match(await login(username), { statusCode: 200 })
    }
    t.strictSame(await login('eve'), WRONG, 'who has no password')
  })

  await t.test('lets nobody in by a hash that somebody else put into the table', async (t) => {
    await pool.query("UPDATE users SET password_hash = $1 WHERE username = 'ada'", [
      ARGON2.replace('m=1024', 'm=9999999')
    ])
    t.strictSame(await login('ada'), WRONG)
  })
})
