import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, PASSWORD, post } from '../../helpers/app.ts'
import { workplace } from './workplace.ts'

test('users create', async (t) => {
  const { fastify, run } = await workplace(t)
  const create = (...words: string[]) => run(['users', 'create', ...words], { input: `${PASSWORD}\n` })

  await t.test('makes an account that can sign in', async (t) => {
    const { code, stdout, stderr } = await create('--username', 'Ada', '--email', 'Ada@Example.com')
    t.strictSame([code, stderr], [0, ''])
    t.match(stdout, /^Ada is user [0-9a-f-]{36}\n$/)
    for (const name of [{ username: 'ada' }, { email: 'ada@example.com' }]) {
      t.equal((await post(fastify, '/login', { ...name, password: PASSWORD })).statusCode, 200)
    }
  })

  await t.test('answers with the account, whose email may be proven', async (t) => {
    const table: [words: string[], account: object][] = [
      [['--username', 'grace'], { username: 'grace', email: null, email_verified: false }],
      [['--email', 'G@example.com'], { username: null, email: 'G@example.com', email_verified: false }],
      [['--email', 'h@example.com', '--verified'], { username: null, email: 'h@example.com', email_verified: true }]
    ]
    for (const [words, expected] of table) {
      const { code, stdout } = await create('--json', ...words)
      const { id, created_at, ...account } = JSON.parse(stdout)
      t.strictSame([code, account], [0, { ...expected, disabled_at: null, last_login_at: null, roles: [] }])
      t.match({ id, created_at }, { id: /^[0-9a-f-]{36}$/, created_at: /^\d{4}-.*Z$/ })
    }
    t.match((await create('--email', 'i@example.com')).stdout, /^i@example.com is user /)
  })

  await t.test('gives roles, and records them', async (t) => {
    const { id, roles } = JSON.parse(
      (await create('--json', '--username', 'joan', '--role', 'editor', '--role', 'admin')).stdout
    )
    t.strictSame(roles, ['admin', 'editor'])
    t.strictSame(await fastify.database.open().query(sql`SELECT detail FROM audit WHERE account = ${id}`), [
      { detail: { roles_before: [], roles } }
    ])
  })

  await t.test('takes the password from LATCHKEY_PASSWORD too', async (t) => {
    const variables = { LATCHKEY_PASSWORD: 'another horse battery' }
    t.equal((await run(['users', 'create', '--username', 'hedy'], { variables })).code, 0)
    const login = await post(fastify, '/login', { username: 'hedy', password: 'another horse battery' })
    t.equal(login.statusCode, 200)
  })

  const refused: [what: string, words: string[], input: string, stderr: string][] = [
    ['a name that does not fit', ['--username', 'a'], PASSWORD, 'username must have at least 3 characters\n'],
    ['no name', [], PASSWORD, 'at least one of username and email is required\n'],
    [
      'names that are taken',
      ['--username', 'ADA', '--email', 'ada@example.com'],
      PASSWORD,
      'username is taken\nemail is taken\n'
    ],
    ['no password', ['--username', 'new'], '', 'password must have at least 8 characters\n'],
    [
      'a password that breaks two rules',
      ['--username', 'new'],
      '12345',
      'password must have at least 8 characters\npassword is on the list of common passwords\n'
    ],
    [
      'a password that is the name',
      ['--username', 'somebody.new'],
      'Somebody.New',
      'password must not be the username or email\n'
    ]
  ]
  for (const [what, words, input, stderr] of refused) {
    await t.test(`refuses ${what}`, async (t) => {
      t.strictSame(await run(['users', 'create', ...words], { input }), { code: 1, stdout: '', stderr })
      const login = await post(fastify, '/login', { username: 'new', password: PASSWORD })
      t.equal(answer(login).statusCode, 401)
    })
  }

  await t.test('says what was meant by a name alone', async (t) => {
    for (const [words, hint] of [
      [['bob'], "did you mean '--username bob'?"],
      [['bob@example.com'], "did you mean '--email bob@example.com'?"],
      [['--verified', 'bob'], "did you mean '--username bob'?"]
    ] as const) {
      const { code, stdout, stderr } = await create(...words)
      t.strictSame([code, stdout], [2, ''])
      t.match(stderr, hint)
    }
  })

  await t.test('may give a reserved username', async (t) => {
    t.equal((await post(fastify, '/register', { username: 'postmaster', password: PASSWORD })).statusCode, 409)
    t.equal((await create('--username', 'postmaster')).code, 0)
  })

  await t.test('takes --verified with an email alone', async (t) => {
    const { code, stdout, stderr } = await create('--username', 'new', '--verified')
    t.strictSame([code, stdout], [2, ''])
    t.match(stderr, "error: option '--verified' needs '--email <address>'")
  })
})
