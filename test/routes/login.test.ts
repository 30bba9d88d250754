import { test } from 'tap'
import { answer, build, cutOff, PASSWORD, post, refusal, signIn } from '../helpers/app.ts'
import { signInWithout } from '../helpers/no-password.ts'

const WRONG = refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')
const REFRESH_TOKEN = /^[\w-]{22}\.[\w-]{22}\.[\w-]{43}$/

test('POST /login', async (t) => {
  const fastify = await build(t)
  await signIn(fastify, { username: 'Ada', email: 'Ada@Example.com' })
  await signInWithout(fastify, { username: 'bare' })

  await t.test('answers with tokens for either name, in any letter case', async (t) => {
    for (const name of [{ username: 'aDA' }, { email: 'ada@example.COM' }]) {
      const response = await post(fastify, '/login', { ...name, password: PASSWORD })
      t.equal(response.statusCode, 200)
      t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
      t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in', 'refresh_token'])
      t.match(response.json(), { token_type: 'Bearer', expires_in: 900, refresh_token: REFRESH_TOKEN })
    }
  })

  await t.test('takes a name with blanks at its ends', async (t) => {
    for (const name of [
      { username: ' ada' },
      { username: 'ada\r\n' },
      { email: '\u00a0ada@example.com\u3000' },
      { email: '\ufeff\tADA@example.com' }
    ]) {
      const response = await post(fastify, '/login', { ...name, password: PASSWORD })
      t.equal(response.statusCode, 200, JSON.stringify(name))
    }
  })

  await t.test('takes blanks alone for a name that nobody has', async (t) => {
    for (const name of [
      { username: ' ' },
      { email: '\u3000\t' },
      { username: ' '.repeat(254) },
      { username: 'a da' }
    ]) {
      t.strictSame(answer(await post(fastify, '/login', { ...name, password: PASSWORD })), {
        statusCode: 401,
        body: WRONG
      })
    }
    const tooLong = { username: `ada${' '.repeat(252)}`, password: PASSWORD }
    t.equal((await post(fastify, '/login', tooLong)).json().code, 'VALIDATION_FAILED')
  })

  await t.test('sets the refresh token as a cookie in browser mode, and leaves it out of the body', async (t) => {
    const response = await post(fastify, '/login', { username: 'ada', password: PASSWORD, cookie: true })
    t.equal(response.statusCode, 200)
    t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in'])
    t.match(response.json(), { token_type: 'Bearer', expires_in: 900 })
    const [value, ...attributes] = String(response.headers['set-cookie']).split('; ')
    t.strictSame(attributes, ['Max-Age=2592000', 'Path=/', 'HttpOnly', 'SameSite=Strict'])
    const [name, token = ''] = String(value).split('=')
    t.equal(name, 'refresh_token')
    t.match(token, REFRESH_TOKEN)
    const headers = { origin: 'http://127.0.0.1:3000', cookie: `${name}=${token}` }
    t.equal((await post(fastify, '/token/refresh', {}, headers)).statusCode, 200)
  })

  await t.test('sets the cookie for one host and TLS alone where PUBLIC_URL is https', async (t) => {
    const secure = await build(t, { environment: { PUBLIC_URL: 'https://id.example' } })
    await signIn(secure, { username: 'ada' })
    const response = await post(secure, '/login', { username: 'ada', password: PASSWORD, cookie: true })
    t.match(
      response.headers['set-cookie'],
      /^__Host-refresh_token=[\w.-]+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Strict$/
    )
  })

  await t.test('sets no cookie where none is asked for, or the login fails', async (t) => {
    for (const [payload, statusCode] of [
      [{ username: 'ada', password: PASSWORD }, 200],
      [{ username: 'ada', password: PASSWORD, cookie: false }, 200],
      [{ username: 'ada', password: 'wrong', cookie: true }, 401],
      [{ username: 'nobody', password: PASSWORD, cookie: true }, 401]
    ] as const) {
      const response = await post(fastify, '/login', payload)
      t.equal(response.statusCode, statusCode)
      t.equal(response.headers['set-cookie'], undefined)
      t.equal('refresh_token' in response.json(), statusCode === 200)
    }
  })

  await t.test('opens a session of its own each time', async (t) => {
    const tokens = await Promise.all(
      [1, 2, 3].map(async () => (await post(fastify, '/login', { username: 'ada', password: PASSWORD })).json())
    )
    const claims = await Promise.all(tokens.map(({ access_token: token }) => fastify.tokens.verify(token)))
    t.equal(new Set(claims.map(({ sid }) => sid)).size, 3)
    t.equal(new Set(tokens.map(({ refresh_token: token }) => token)).size, 3)
  })

  const refused = [
    ['an unknown name', { username: 'nobody', password: PASSWORD }],
    ['a wrong password', { username: 'ada', password: 'wrong' }],
    ['the right password with a letter in another case', { username: 'ada', password: PASSWORD.toUpperCase() }],
    ['the right password with a space after it', { username: 'ada', password: `${PASSWORD} ` }],
    [
      'a password that begins like the right one and is longer than bcrypt sees',
      { username: 'ada', password: PASSWORD.padEnd(80) }
    ],
    ['an email in place of the username', { username: 'ada@example.com', password: PASSWORD }],
    ['the username in place of the email', { email: 'ada', password: PASSWORD }],
    ['the former password of an account that has none', { username: 'bare', password: PASSWORD }],
    ['what earlier versions stored for no password', { username: 'bare', password: '!' }],
    ['a name of SQL', { username: "ada' OR '1'='1", password: PASSWORD }],
    ['the shortest name and password', { username: 'x', password: 'x' }],
    ['the longest name and password', { username: 'x'.repeat(254), password: 'é'.repeat(1024) }]
  ] as const
  for (const [what, payload] of refused) {
    await t.test(`refuses ${what}`, async (t) => {
      const response = await post(fastify, '/login', payload)
      t.strictSame(answer(response), { statusCode: 401, body: WRONG })
      t.equal(response.headers['www-authenticate'], 'Bearer')
    })
  }

  const ONE = ['', 'exactly one of username and email is required']
  const unfit: [string, object, string[]][] = [
    ['no name', { password: 'x' }, ONE],
    ['both names', { username: 'ada', email: 'ada@example.com', password: 'x' }, ONE],
    ['no password', { username: 'ada' }, ['/password', 'is required']],
    ['an empty name', { username: '', password: 'x' }, ['/username', 'must have at least 1 characters']],
    ['an empty password', { username: 'ada', password: '' }, ['/password', 'must have at least 1 characters']],
    ['a long name', { email: 'x'.repeat(255), password: 'x' }, ['/email', 'must have at most 254 characters']],
    [
      'a long password',
      { username: 'ada', password: 'x'.repeat(1025) },
      ['/password', 'must have at most 1024 characters']
    ],
    [
      'a cookie asked for in text',
      { username: 'ada', password: PASSWORD, cookie: 'true' },
      ['/cookie', 'must be boolean']
    ],
    [
      'a cookie asked for by a number',
      { username: 'ada', password: PASSWORD, cookie: 1 },
      ['/cookie', 'must be boolean']
    ],
    ['a cookie of null', { username: 'ada', password: PASSWORD, cookie: null }, ['/cookie', 'must be boolean']]
  ]
  for (const [what, payload, [path, message]] of unfit) {
    await t.test(`refuses ${what} as what does not fit`, async (t) => {
      t.strictSame(answer(await post(fastify, '/login', payload)), {
        statusCode: 400,
        body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
          { path, message }
        ])
      })
    })
  }

  await t.test('takes a password in whichever Unicode form it is written', async (t) => {
    const composed = 'Crème brûlée für Zoë'.normalize('NFC')
    const decomposed = composed.normalize('NFD')
    t.not(composed, decomposed)
    for (const [username, chosen, typed] of [
      ['composed', composed, decomposed],
      ['decomposed', decomposed, composed]
    ]) {
      t.equal((await post(fastify, '/register', { username, password: chosen })).statusCode, 201)
      t.equal((await post(fastify, '/login', { username, password: typed })).statusCode, 200)
      t.equal((await post(fastify, '/login', { username, password: chosen })).statusCode, 200)
    }
  })

  await t.test('takes a password however old it is', async (t) => {
    const registered = "UPDATE users SET created_at = now() - interval '20 years' WHERE username = 'Ada'"
    t.equal((await fastify.pg.pool.query(registered)).rowCount, 1)
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
  })

  await t.test('keeps where the session was opened from, and of its token only hashes', async (t) => {
    const agent = `Browser/1.0 ${'x'.repeat(600)}`
    const login = await fastify.inject({
      method: 'POST',
      url: '/login',
      remoteAddress: '2001:db8::1',
      headers: { 'user-agent': agent },
      payload: { username: 'ada', password: PASSWORD }
    })
    const { access_token: accessToken, refresh_token: refreshToken } = login.json()
    const { sid, sub } = await fastify.tokens.verify(accessToken)
    const { rows } = await fastify.pg.pool.query('SELECT *, host(ip) AS ip FROM sessions WHERE id = $1', [sid])
    t.match(rows, [{ user_id: sub, user_agent: agent.slice(0, 512), ip: '2001:db8::1', ended_at: null }])
    t.strictSame(rows[0].created_at, rows[0].last_used_at)
    t.equal(rows[0].user_agent.length, 512)
    for (const part of refreshToken.split('.').slice(1)) {
      const stored = [rows[0].family_hash, rows[0].rotating_hash].map((hash: Buffer) => hash.toString('base64url'))
      t.notOk(stored.includes(part))
    }
  })

  await t.test('keeps no user agent where none is sent', async (t) => {
    const payload = JSON.stringify({ username: 'ada', password: PASSWORD })
    const headers = { 'content-type': 'application/json', 'user-agent': undefined as unknown as string }
    const login = await fastify.inject({ method: 'POST', url: '/login', headers, payload })
    const { sid } = await fastify.tokens.verify(login.json().access_token)
    const { rows } = await fastify.pg.pool.query('SELECT user_agent, host(ip) AS ip FROM sessions WHERE id = $1', [sid])
    t.match(rows, [{ ip: '127.0.0.1' }])
    t.match(rows[0].user_agent ?? '', /^(?:lightMyRequest)?$/)
  })

  await t.test('is unavailable while the database is', async (t) => {
    const restore = cutOff(fastify)
    const response = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    restore()
    t.equal(response.statusCode, 503)
    t.equal(response.json().code, 'DATABASE_UNAVAILABLE')
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
  })
})
