import { test } from 'tap'
import {
  answer,
  BEARER,
  bearer,
  build,
  cutOff,
  exchange,
  INVALID_TOKEN,
  listen,
  PASSWORD,
  post,
  readAnswer,
  refusal,
  signIn,
  testClock
} from '../../helpers/app.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const EVERYWHERE = { 'content-type': JSON_TYPE, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

const invalid = (...errors: [path: string, message: string][]) =>
  refusal(
    400,
    'Bad Request',
    'VALIDATION_FAILED',
    'The request does not fit its schema.',
    errors.map(([path, message]) => ({ path, message }))
  )

test('each code has one body, whole', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '60' } })
  const { access_token: token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const ghost = fastify.tokens.issue({ id: '01890a5d-ac96-774b-bcce-b302099a8057', username: null }, token)
  const json = { 'content-type': 'application/json' }

  const problems: [string, object, Record<string, string>, object][] = [
    ['VALIDATION_FAILED', { url: '/health/live?x=1' }, {}, invalid(['/x', 'is not a known key'])],
    [
      'MALFORMED_REQUEST of a body',
      { method: 'POST', url: '/login', headers: json, payload: '{' },
      {},
      refusal(400, 'Bad Request', 'MALFORMED_REQUEST', 'The body is not valid JSON.')
    ],
    [
      'MALFORMED_REQUEST of a URL',
      { url: '/%' },
      {},
      refusal(400, 'Bad Request', 'MALFORMED_REQUEST', 'The URL could not be read.')
    ],
    [
      'PASSWORD_REJECTED',
      { method: 'POST', url: '/register', headers: json, payload: '{"username":"eve","password":"tiny-pw"}' },
      {},
      refusal(400, 'Bad Request', 'PASSWORD_REJECTED', 'The password must have at least 8 characters.', [
        { path: '/password', message: 'must have at least 8 characters', rule: 'min_length' }
      ])
    ],
    [
      'INVALID_CREDENTIALS',
      { method: 'POST', url: '/login', headers: json, payload: '{"username":"ada","password":"wrong"}' },
      BEARER,
      refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')
    ],
    [
      'TOKEN_MISSING',
      { url: '/secret' },
      BEARER,
      refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
    ],
    [
      'TOKEN_INVALID',
      { url: '/secret', headers: bearer('x') },
      INVALID_TOKEN,
      refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
    ],
    ['NOT_FOUND', { url: '/nowhere' }, {}, refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')],
    [
      'METHOD_NOT_ALLOWED',
      { method: 'PUT', url: '/secret' },
      { allow: 'GET, HEAD' },
      refusal(405, 'Method Not Allowed', 'METHOD_NOT_ALLOWED', 'This path does not take that method.')
    ],
    [
      'ACCOUNT_EXISTS',
      {
        method: 'POST',
        url: '/register',
        headers: json,
        payload: JSON.stringify({ username: 'ADA', email: 'new@example.com', password: PASSWORD })
      },
      {},
      refusal(409, 'Conflict', 'ACCOUNT_EXISTS', 'The name is taken.', [
        { path: '/username', message: 'is taken', rule: 'taken' }
      ])
    ],
    [
      'BODY_TOO_LARGE',
      { method: 'POST', url: '/login', headers: json, payload: JSON.stringify({ x: 'x'.repeat(16_384) }) },
      {},
      refusal(413, 'Payload Too Large', 'BODY_TOO_LARGE', 'The body is larger than 16384 bytes.')
    ],
    [
      'UNSUPPORTED_MEDIA_TYPE',
      { method: 'POST', url: '/login', headers: { 'content-type': 'text/plain' }, payload: '{}' },
      {},
      refusal(415, 'Unsupported Media Type', 'UNSUPPORTED_MEDIA_TYPE', 'A body of this type is not taken here.')
    ]
  ]
  for (const [what, request, headers, body] of problems) {
    await t.test(what, async (t) => {
      const response = await fastify.inject(request)
      t.strictSame(response.json(), body)
      t.equal(response.statusCode, response.json().statusCode)
      t.match(response.headers, { ...EVERYWHERE, ...headers, 'x-request-id': /^[0-9a-f-]{36}$/ })
    })
  }

  await t.test('TOKEN_EXPIRED', async (t) => {
    clock.advance(60)
    const response = await fastify.inject({ url: '/me', headers: bearer(ghost) })
    t.strictSame(answer(response), {
      statusCode: 401,
      body: refusal(401, 'Unauthorized', 'TOKEN_EXPIRED', 'The token has expired.')
    })
    t.match(response.headers, { ...EVERYWHERE, ...INVALID_TOKEN })
  })
})

test('DATABASE_UNAVAILABLE says so to the client, and why to the log', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log })
  const restore = cutOff(fastify)
  const response = await fastify.inject({ url: '/health/ready', headers: { 'x-request-id': 'outage-1' } })
  restore()
  t.strictSame(answer(response), {
    statusCode: 503,
    body: refusal(
      503,
      'Service Unavailable',
      'DATABASE_UNAVAILABLE',
      'The database cannot be reached; try again shortly.'
    )
  })
  t.match(response.headers, { ...EVERYWHERE, 'retry-after': '2', 'x-request-id': 'outage-1' })
  const line = log.map((line) => JSON.parse(line)).find(({ code }) => code === 'DATABASE_UNAVAILABLE')
  t.match(line, {
    level: 40,
    reqId: 'outage-1',
    msg: 'The database cannot be reached; try again shortly.',
    err: { type: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 10.1.2.3:5432' }
  })
})

test('an outage that goes on is told once in ten seconds, and each code by itself', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log, environment: { HASH_QUEUE: '0' } })
  log.length = 0
  const { now } = performance
  let time = 0
  const lines = () => log.splice(0).map((line) => JSON.parse(line))
  const restore = cutOff(fastify)
  performance.now = () => time
  t.teardown(() => {
    performance.now = now
  })

  for (let request = 0; request < 3; request++) await fastify.inject('/health/ready')
  const first = lines()
  t.match(
    first.filter(({ level }) => level > 30),
    [{ level: 40, code: 'DATABASE_UNAVAILABLE', err: { code: 'ECONNREFUSED' } }]
  )
  t.equal(first.filter(({ level }) => level > 30).length, 1)
  t.match(
    first.filter(({ msg }) => msg === 'request completed').map(({ statusCode }) => statusCode),
    [503, 503, 503]
  )

  time += 10_000
  await fastify.inject('/health/ready')
  t.match(
    lines().filter(({ level }) => level > 30),
    [{ code: 'DATABASE_UNAVAILABLE', others: 2 }]
  )
  restore()
  performance.now = now

  await Promise.all([1, 2, 3].map((each) => post(fastify, '/register', { username: `ada${each}`, password: PASSWORD })))
  const overloads = lines().filter(({ level }) => level > 30)
  t.match(overloads, [{ level: 40, code: 'OVERLOADED' }])
  t.equal(overloads.length, 1)
})

test('OVERLOADED says when to come again', async (t) => {
  const fastify = await build(t, { environment: { HASH_QUEUE: '0' } })
  const answers = await Promise.all(
    [1, 2, 3].map((each) => post(fastify, '/register', { username: `ada${each}`, password: PASSWORD }))
  )
  const [made, ...refused] = answers.sort((one, other) => one.statusCode - other.statusCode)
  t.equal(made?.statusCode, 201)
  t.equal(refused.length, 2)
  for (const response of refused) {
    t.strictSame(answer(response), {
      statusCode: 503,
      body: refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is busy; try again shortly.')
    })
    t.match(response.headers, { ...EVERYWHERE, 'retry-after': '1' })
  }
})

test('INTERNAL tells the client nothing, and the log everything', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log })
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  await fastify.pg.pool.query('DROP TABLE sessions')
  const response = await fastify.inject({ url: '/me', headers: { ...bearer(token), 'x-request-id': 'internal-1' } })
  t.strictSame(answer(response), {
    statusCode: 500,
    body: refusal(500, 'Internal Server Error', 'INTERNAL', 'Something went wrong on our side.')
  })
  t.match(response.headers, { ...EVERYWHERE, 'x-request-id': 'internal-1' })
  t.notMatch(JSON.stringify(response.headers), /sessions|42P01|relation/)
  const lines = log.map((line) => JSON.parse(line)).filter(({ reqId }) => reqId === 'internal-1')
  t.match(lines, [
    {
      level: 50,
      msg: 'internal error',
      err: { code: '42P01', message: 'relation "sessions" does not exist', stack: /at / }
    },
    { level: 30, msg: 'request completed', statusCode: 500 }
  ])
})

test('a refusal that the client is at fault for is no more than its line in the log', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log })
  log.length = 0
  await fastify.inject('/nowhere')
  await fastify.inject('/secret')
  await post(fastify, '/login', {})
  t.match(
    log.map((line) => JSON.parse(line)),
    [404, 401, 400].map((statusCode) => ({ level: 30, msg: 'request completed', statusCode }))
  )
  t.equal(log.length, 3)
})

test('VALIDATION_FAILED', async (t) => {
  const fastify = await build(t)
  const login = async (body: unknown) => (await post(fastify, '/login', body)).json()

  await t.test('lists every fault', async (t) => {
    t.strictSame(
      await login({ username: '', password: 5, x: 1 }),
      invalid(
        ['/x', 'is not a known key'],
        ['/username', 'must have at least 1 characters'],
        ['/password', 'must be string']
      )
    )
  })

  for (const [what, body] of [
    ['null', null],
    ['a list', []],
    ['text', 'text'],
    ['a number', 1]
  ]) {
    await t.test(`is what ${what} is for a body`, async (t) => {
      const { body: problem } = answer(await post(fastify, '/register', body))
      t.strictSame(problem, invalid(['', 'must be object']))
    })
  }

  await t.test('lists twenty faults at most', async (t) => {
    const keys = Array.from({ length: 30 }, (_, index) => `key${index}`)
    const { errors } = await login({
      username: 'ada',
      password: 'x',
      ...Object.fromEntries(keys.map((key) => [key, 1]))
    })
    t.strictSame(
      errors,
      keys.slice(0, 20).map((key) => ({ path: `/${key}`, message: 'is not a known key' }))
    )
  })

  const keys: [string, string, string][] = [
    ['of 63 characters is named whole', 'k'.repeat(63), `/${'k'.repeat(63)}`],
    ['of 64 characters is cut to 64 with its slash', 'k'.repeat(64), `/${'k'.repeat(63)}`],
    ['of 10,000 characters is cut', 'k'.repeat(10_000), `/${'k'.repeat(63)}`],
    ['with ~ and / is escaped', 'a~b/c~1', '/a~0b~1c~01'],
    ['is not cut within an escape', `${'k'.repeat(62)}~x`, `/${'k'.repeat(62)}`],
    ['is cut after an escape', `${'k'.repeat(61)}~x`, `/${'k'.repeat(61)}~0`],
    ['of slashes is cut between escapes', '/'.repeat(100), `/${'~1'.repeat(31)}`],
    ['of emoji is not cut within one', `${'k'.repeat(62)}😀`, `/${'k'.repeat(62)}`],
    ['of emoji is cut after one', `${'k'.repeat(61)}😀😀`, `/${'k'.repeat(61)}😀`],
    ['that is empty is named', '', '/']
  ]
  for (const [what, key, path] of keys) {
    await t.test(`an unknown key ${what}`, async (t) => {
      const body = await login({ username: 'ada', password: 'x', [key]: 1 })
      t.strictSame(body, invalid([path, 'is not a known key']))
      t.ok(path.length <= 64)
    })
  }

  await t.test('gives back no value', async (t) => {
    const response = await post(fastify, '/register', { username: '<script>', email: 'nobody@', password: PASSWORD })
    t.equal(response.statusCode, 400)
    t.notMatch(response.body, /script|nobody|horse/)
    const query = await fastify.inject('/health/live?token=hunter2')
    t.strictSame(query.json(), invalid(['/token', 'is not a known key']))
  })
})

test('what a handler of ours finds missing, and what its server refuses, has the same body', async (t) => {
  const fastify = await build(t)
  const port = await listen(fastify)
  const over = await exchange(
    port,
    'POST /login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n' +
      `4100\r\n${' '.repeat(0x4100)}\r\n0\r\n\r\n`
  )
  t.match(readAnswer(over), {
    statusCode: 413,
    headers: EVERYWHERE,
    body: refusal(413, 'Payload Too Large', 'BODY_TOO_LARGE', 'The body is larger than 16384 bytes.')
  })
})
