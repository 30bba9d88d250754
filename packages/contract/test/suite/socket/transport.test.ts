import { test } from 'tap'
import { PASSWORD, unique } from '../client.ts'
import { refused, refusedWithoutBody } from '../expectations.ts'
import { listen, parseAnswers, post, request } from './connection.ts'

const MARK = 'Zq7-marker'
const ID = 'an-id.of_the-Client.1'
const JSON_TYPE = 'content-type: application/json'
const LIVE = 'GET /health/live'

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

test('What Node answers by itself gets the one error body', async (t) => {
  const service = await listen(t)

  await t.test('as MALFORMED_REQUEST with its own status', async (t) => {
    const login = (...headers: string[]) => request('POST /login', [JSON_TYPE, ...headers])
    const rows: [string, string | Buffer, number[]][] = [
      ['an unknown method', request('FOO /'), [400]],
      ['a method in small letters', request('get /health/live'), [400]],
      ['a method that is no token', request('G@T /'), [400]],
      ['a long method', request(`${'X'.repeat(5000)} /`), [400]],
      ['rubbish', `${MARK}\r\n\r\n`, [400]],
      ['bytes of TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]), [400]],
      ['zero bytes', Buffer.alloc(64), [400]],
      ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
      ['another protocol', lines('GET /health/live FTP/1.1', 'host: a'), [400]],
      ['a version that there is not', lines('GET /health/live HTTP/9.9', 'host: a'), [400]],
      ['a request line without a version', lines('GET /secret', 'host: a'), [400]],
      ['a request line alone', 'GET /health/live\r\n\r\n', [400]],
      ['HTTP/0.9 by name', lines('GET /health/live HTTP/0.9', 'host: a'), [400]],
      ['HTTP/2.0', lines('GET /health/live HTTP/2.0', 'host: a'), [400]],
      ['HTTP/1.2', lines('GET /health/live HTTP/1.2', 'host: a'), [400]],
      ['a version in small letters', lines('GET /health/live http/1.1', 'host: a'), [400]],
      ['a version of letters', lines('GET /health/live HTTP/x.y', 'host: a'), [400]],
      ['a path without a slash', lines(`GET ${MARK} HTTP/1.1`, 'host: a'), [400]],
      ['a path with a blank', lines(`GET /health/live ${MARK} HTTP/1.1`, 'host: a'), [400]],
      ['a path with a NUL', lines(`GET /\0${MARK} HTTP/1.1`, 'host: a'), [400]],
      ['a path that is too long', request(`GET /${MARK.repeat(3000)}`), [414, 431]],
      ['a header without a colon', request(LIVE, [MARK]), [400]],
      ['a header with a blank in its name', request(LIVE, [`a b: ${MARK}`]), [400]],
      ['a header with a blank before the colon', request(LIVE, [`a : ${MARK}`]), [400]],
      ['a header without a name', request(LIVE, [`: ${MARK}`]), [400]],
      ['a header with a NUL', request(LIVE, [`a: ${MARK}\0`]), [400]],
      ['a header with a lone CR', request(LIVE, [`a: ${MARK}\rb: c`]), [400]],
      ['a header that is too long', request(LIVE, [`a: ${'x'.repeat(20_000)}`]), [431]],
      ['cookies of more than 8 KB', request(LIVE, [`cookie: a=${'x'.repeat(8191)}`]), [431]],
      [
        'cookies of more than 8 KB in two headers',
        request(LIVE, Array(2).fill(`cookie: a=${'x'.repeat(4094)}`)),
        [431]
      ],
      ['a header name that is too long', request(LIVE, [`${'x'.repeat(20_000)}: a`]), [431]],
      [
        'many headers that are too long together',
        request(
          LIVE,
          Array.from({ length: 300 }, (_, i) => `a${i}: ${'x'.repeat(100)}`)
        ),
        [431]
      ],
      ['no Host header', lines('GET /health/live HTTP/1.1', 'connection: close'), [400]],
      ['no Host header at a route that there is not', lines('GET /nothing HTTP/1.1', 'connection: close'), [400]],
      ['no Host header at a method that there is not', lines('PUT /login HTTP/1.1', 'connection: close'), [400]],
      ['a chunk size that is no number', `${login('transfer-encoding: chunked')}zz\r\n${MARK}\r\n0\r\n\r\n`, [400]],
      ['a negative chunk size', `${login('transfer-encoding: chunked')}-1\r\n\r\n`, [400]],
      ['a chunk size beyond all numbers', `${login('transfer-encoding: chunked')}fffffffffffffffff\r\n\r\n`, [400]],
      ['a chunk longer than its size', `${login('transfer-encoding: chunked')}2\r\n{}${MARK}\r\n0\r\n\r\n`, [400]],
      ['a bad chunk after a good one', `${login('transfer-encoding: chunked')}2\r\n{}\r\nzz\r\n`, [400]],
      [
        'chunk extensions that are too long',
        `${login('transfer-encoding: chunked')}2;${'x'.repeat(40_000)}\r\n{}\r\n0\r\n\r\n`,
        [400, 413]
      ],
      ['two lengths', `${login('content-length: 2', 'content-length: 3')}{}`, [400]],
      ['two equal lengths', `${login('content-length: 2', 'content-length: 2')}{}`, [400]],
      ['two lengths in one header', `${login('content-length: 2, 2')}{}`, [400]],
      ['a negative length', login('content-length: -1'), [400]],
      ['a length with a sign', `${login('content-length: +2')}{}`, [400]],
      ['a hexadecimal length', `${login('content-length: 0x2')}{}`, [400]],
      ['a length with a fraction', `${login('content-length: 2.0')}{}`, [400]],
      ['a length beyond all numbers', login(`content-length: ${'9'.repeat(30)}`), [400]],
      ['an empty length', `${login('content-length: ')}{}`, [400]],
      ['a length and chunks', `${login('content-length: 2', 'transfer-encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`, [400]],
      ['chunks and a length', `${login('transfer-encoding: chunked', 'content-length: 2')}2\r\n{}\r\n0\r\n\r\n`, [400]],
      [
        'a length and chunks at a route without a body',
        `${request(LIVE, ['content-length: 2', 'transfer-encoding: chunked'])}0\r\n\r\n`,
        [400]
      ],
      ['chunked before another encoding', `${login('transfer-encoding: chunked, identity')}0\r\n\r\n`, [400]],
      ['an encoding before chunked', `${login('transfer-encoding: gzip, chunked')}2\r\n{}\r\n0\r\n\r\n`, [400]],
      ['an encoding that there is not', `${login('transfer-encoding: xchunked')}0\r\n\r\n`, [400]],
      [
        'two headers of encodings',
        `${login('transfer-encoding: chunked', 'transfer-encoding: identity')}0\r\n\r\n`,
        [400]
      ],
      ['an encoding with a blank before the colon', `${login('transfer-encoding : chunked')}0\r\n\r\n`, [400]],
      ['an unknown Expect', login('expect: nonsense', 'content-length: 2'), [417]],
      ['an unknown Expect at a route that there is not', request('GET /nothing', ['expect: 200-ok']), [417]],
      ['CONNECT', lines('CONNECT example.com:443 HTTP/1.1', 'host: example.com:443', 'connection: close'), [400]]
    ]
    for (const [what, bytes, statuses] of rows) {
      await t.test(what, async (t) => {
        const answers = await service.exchange(bytes)
        t.equal(answers.length, 1, 'answered once, and the connection is closed')
        const [only] = answers
        if (!only) return
        t.ok(statuses.includes(only.status), `${only.status} is one of ${statuses}`)
        refused(t, only, only.status, 'MALFORMED_REQUEST')
        t.equal(only.headers.connection, 'close')
        t.notOk(only.body.includes(MARK), 'nothing is echoed')
      })
    }
  })

  await t.test('a request id that fits is kept wherever the headers could be read', async (t) => {
    const id = `x-request-id: ${ID}`
    const rows: [string, string, number][] = [
      ['no Host header', lines('GET / HTTP/1.1', 'connection: close', id), 400],
      ['a bad URL', request('GET /%', [id]), 400],
      ['an unknown Expect', request('POST /login', [JSON_TYPE, 'expect: nonsense', 'content-length: 2', id]), 417],
      ['CONNECT', lines('CONNECT a:1 HTTP/1.1', 'host: a:1', id), 400],
      ['a bad chunk', `${request('POST /login', [JSON_TYPE, 'transfer-encoding: chunked', id])}zz\r\n`, 400]
    ]
    for (const [what, bytes, status] of rows) {
      await t.test(what, async (t) => {
        const [only] = await service.exchange(bytes)
        t.ok(only)
        if (only) refused(t, only, status, 'MALFORMED_REQUEST', { id: ID })
      })
    }
  })

  await t.test('an unknown Expect is answered after the request before it on the connection', async (t) => {
    const first = request(LIVE, [], '', 'keep-alive')
    const answers = await service.exchange(`${first}${request('GET /secret', ['expect: nonsense'])}`, { end: true })
    t.strictSame(
      answers.map(({ status }) => status),
      [200, 417]
    )
  })

  await t.test('HEAD gets no body with it', async (t) => {
    const rows: [string, string, number][] = [
      ['a bad URL', request('HEAD /%'), 400],
      ['no Host header', lines('HEAD / HTTP/1.1', 'connection: close'), 400],
      ['an unknown Expect', request('HEAD /health/live', ['expect: nonsense']), 417],
      ['a header that is too long', request('HEAD /health/live', [`a: ${'x'.repeat(20_000)}`]), 431]
    ]
    for (const [what, bytes, status] of rows) {
      await t.test(what, async (t) => {
        const answers = await service.exchange(bytes, { methods: ['HEAD'] })
        t.equal(answers.length, 1)
        if (answers[0]) refusedWithoutBody(t, answers[0], status, 'MALFORMED_REQUEST')
      })
    }
  })

  await t.test('a bad URL is malformed', async (t) => {
    for (const path of ['/%', '/%zz', '/login%', '/%c3%28', '/%ff', '/%ed%a0%80', '/%c0%af']) {
      const [only] = await service.exchange(request(`GET ${path}`))
      t.ok(only)
      if (only) refused(t, only, 400, 'MALFORMED_REQUEST')
    }
  })

  await t.test('a path is taken as it stands', async (t) => {
    const paths = [
      '/./health/live',
      '/x/../health/live',
      '//health/live',
      '/health//live',
      '/health/./live',
      '/../etc/passwd'
    ]
    for (const path of [
      ...paths,
      '/health\\live',
      '/docs/static/../../package.json',
      '/docs/static/../../../etc/passwd',
      '/docs/../openapi.json'
    ]) {
      const [only] = await service.exchange(request(`GET ${path}`))
      t.ok(only)
      if (only) refused(t, only, 404, 'NOT_FOUND')
    }
  })

  await t.test('a request that is cut off', async (t) => {
    const rows = [
      ['in its first line', 'GET /hea'],
      ['after its first line', 'GET /health/live HTTP/1.1\r\n'],
      ['in its headers', 'GET /health/live HTTP/1.1\r\nhost: latchkey.test\r\nx-some'],
      ['in its body', request('POST /login', [JSON_TYPE, 'content-length: 100'], '{"username"')],
      ['in a chunk', `${request('POST /login', [JSON_TYPE, 'transfer-encoding: chunked'])}10\r\n{"user`]
    ] as const
    for (const [what, bytes] of rows) {
      await t.test(`${what} is malformed`, async (t) => {
        const answers = await service.exchange(bytes, { end: true })
        t.equal(answers.length, 1)
        if (answers[0]) refused(t, answers[0], 400, 'MALFORMED_REQUEST')
      })
    }
  })
})

test('What HTTP/1.1 allows is answered', async (t) => {
  const service = await listen(t)
  const credentials = { username: unique(), password: PASSWORD }
  const [registered] = await service.exchange(post('/register', credentials))
  t.equal(registered?.status, 201)

  await t.test('Expect: 100-continue is told to go on', async (t) => {
    const body = JSON.stringify(credentials)
    for (const expect of ['100-continue', '100-Continue']) {
      const connection = service.connect()
      connection.send(request('POST /login', [JSON_TYPE, `expect: ${expect}`, `content-length: ${body.length}`]))
      t.match(await connection.until(/\r\n\r\n/), /^HTTP\/1\.1 100 Continue\r\n\r\n$/)
      connection.send(body)
      const [login] = parseAnswers(await connection.rest())
      t.equal(login?.status, 200)
    }
  })

  await t.test('a body in small pieces', async (t) => {
    const connection = service.connect()
    connection.socket.setNoDelay(true)
    for (const byte of post('/login', credentials)) connection.send(byte)
    t.equal(parseAnswers(await connection.rest())[0]?.status, 200)
  })

  await t.test('a body in chunks, with an extension and a trailer', async (t) => {
    const body = JSON.stringify(credentials)
    const hex = (length: number) => length.toString(16)
    const chunks = `5;a=b\r\n${body.slice(0, 5)}\r\n${hex(body.length - 5)}\r\n${body.slice(5)}\r\n0\r\nx-trailer: a\r\n\r\n`
    const [login] = await service.exchange(
      `${request('POST /login', [JSON_TYPE, 'transfer-encoding: chunked'])}${chunks}`
    )
    t.equal(login?.status, 200)
  })

  await t.test('a body that is announced as too large is refused before it comes', async (t) => {
    const [only] = await service.exchange(request('POST /login', [JSON_TYPE, 'content-length: 1000000'], '{'))
    t.ok(only)
    if (only) refused(t, only, 413, 'BODY_TOO_LARGE')
  })

  await t.test('a body in endless chunks is refused while it comes', async (t) => {
    const chunk = `1000\r\n${' '.repeat(4096)}\r\n`
    const [only] = await service.exchange(
      `${request('POST /login', [JSON_TYPE, 'transfer-encoding: chunked'])}${chunk.repeat(5)}`
    )
    t.ok(only)
    if (only) refused(t, only, 413, 'BODY_TOO_LARGE')
  })

  await t.test('pipelined requests, in order', async (t) => {
    const keep = (line: string, id: string) => request(line, [`x-request-id: ${id}`], '', 'keep-alive')
    const bytes = [
      keep('GET /health/live', 'pipeline-1'),
      post('/login', credentials, ['x-request-id: pipeline-2'], 'keep-alive'),
      keep('GET /nothing', 'pipeline-3'),
      keep('GET /secret', 'pipeline-4'),
      post('/login', { ...credentials, password: 'wrong' }, ['x-request-id: pipeline-5'], 'keep-alive'),
      request('GET /health/live', ['x-request-id: pipeline-6'])
    ]
    const answers = await service.exchange(bytes.join(''))
    t.strictSame(
      answers.map(({ status, headers }) => [status, headers['x-request-id']]),
      [200, 200, 404, 401, 401, 200].map((status, i) => [status, `pipeline-${i + 1}`])
    )
  })

  await t.test('a request that is followed by rubbish is answered all the same, and is the last', async (t) => {
    for (const [first, status] of [
      [request('GET /health/live', [], '', 'keep-alive'), 200],
      [request('GET /nothing', [], '', 'keep-alive'), 404],
      [post('/login', credentials, [], 'keep-alive'), 200]
    ] as const) {
      const answers = await service.exchange(`${first}rubbish\r\n\r\n`)
      t.strictSame(
        answers.map(({ status, headers }) => [status, headers.connection]),
        [[status, 'close']],
        first.slice(0, first.indexOf('\r'))
      )
    }

    const connection = service.connect()
    connection.send(post('/login', credentials, [], 'keep-alive'))
    for (let piece = 0; piece < 20; piece += 1) {
      connection.send('rubbish\r\n\r\n')
      await new Promise(setImmediate)
    }
    t.strictSame(
      parseAnswers(await connection.rest()).map(({ status }) => status),
      [200],
      'in many pieces'
    )
  })

  await t.test('a request after a refused one, on one connection', async (t) => {
    const text = 'x'.repeat(50)
    const rows: [string, string][] = [
      ['404', request('POST /nothing', [JSON_TYPE, 'content-length: 50'], text, 'keep-alive')],
      ['405', request('PUT /login', [JSON_TYPE, 'content-length: 50'], text, 'keep-alive')],
      ['401', request('GET /secret', ['content-length: 50'], text, 'keep-alive')],
      ['400', request('POST /login', [JSON_TYPE, 'content-length: 50'], text, 'keep-alive')],
      ['415', request('POST /login', ['content-length: 50'], text, 'keep-alive')]
    ]
    for (const [status, first] of rows) {
      const answers = await service.exchange(`${first}${request(LIVE)}`)
      // The rest of a body that is not read may close the connection, but never becomes a request.
      t.match(answers.map((each) => each.status).join(), new RegExp(`^${status}(?:,200)?$`))
    }
  })

  await t.test('a request inside the body of another is never one', async (t) => {
    const inner = lines('GET /health/live HTTP/1.1', 'host: a')
    const headers = [JSON_TYPE, `content-length: ${inner.length}`]
    for (const [line, status] of [
      ['POST /login', 400],
      ['GET /health/live', 200],
      ['GET /nothing', 404]
    ] as const) {
      const answers = await service.exchange(request(line, headers, inner))
      t.strictSame(
        answers.map((each) => each.status),
        [status],
        line
      )
    }
  })

  await t.test('HTTP/1.0, without a Host, closing the connection', async (t) => {
    const [live] = await service.exchange('GET /health/live HTTP/1.0\r\n\r\n')
    t.equal(live?.status, 200)
    t.equal(live?.headers.connection, 'close')
    const [none] = await service.exchange('GET /nothing HTTP/1.0\r\n\r\n')
    t.ok(none)
    if (none) refused(t, none, 404, 'NOT_FOUND')
  })

  await t.test('a URL in absolute form (RFC 9112 §3.2.2)', async (t) => {
    const rows = [
      ['GET http://latchkey.test/health/live', 200],
      ['GET https://other.test:8443/health/live', 200],
      ['GET http://latchkey.test/nothing', 404],
      ['GET http://latchkey.test/login', 405],
      ['GET http://latchkey.test/secret', 401],
      ['GET http://latchkey.test/health/live?x=1', 400]
    ] as const
    for (const [line, status] of rows) {
      const [only] = await service.exchange(request(line))
      t.equal(only?.status, status, line)
    }
  })

  await t.test('OPTIONS * is refused like any path that there is not, and * with another method is none', async (t) => {
    const [only] = await service.exchange(request('OPTIONS *'))
    t.ok(only)
    if (only) refused(t, only, 404, 'NOT_FOUND')
    const [other] = await service.exchange(request('GET *'))
    t.ok(other)
    if (other) refused(t, other, 400, 'MALFORMED_REQUEST')
  })

  await t.test('an offer to switch protocols is declined', async (t) => {
    for (const upgrade of ['websocket', 'h2c']) {
      const headers = [`upgrade: ${upgrade}`, 'http2-settings: AAMAAABkAAQAAP__']
      const [only] = await service.exchange(request(LIVE, headers, '', 'close, upgrade'))
      t.equal(only?.status, 200)
    }
  })

  await t.test('several headers of one name', async (t) => {
    const ids = ['x-request-id: first-id-1', 'x-request-id: second-id-2']
    const [live] = await service.exchange(request(LIVE, ids))
    t.match(live?.headers['x-request-id'], /^[A-Za-z0-9._-]{8,64}$/)
    const [secret] = await service.exchange(
      request('GET /secret', ['authorization: Bearer x', 'authorization: Bearer y'])
    )
    t.ok(secret)
    if (secret) refused(t, secret, 401, 'TOKEN_INVALID')
  })

  await t.test('a client that hangs up harms nobody', async (t) => {
    const body = JSON.stringify({ username: unique(), password: PASSWORD })
    const login = [JSON_TYPE, `content-length: ${body.length}`]
    const rows = [
      ['before it sends anything', ''],
      ['in its headers', 'GET /health/live HTTP/1.1\r\nhost'],
      ['in its body', request('POST /register', login, body.slice(0, 20))],
      ['during the hash of a registration', request('POST /register', login, body)],
      ['during the hash of a login', post('/login', credentials)],
      ['before the answer', request('GET /openapi.json')]
    ] as const
    for (const [what, bytes] of rows) {
      await t.test(what, async (t) => {
        for (let i = 0; i < 5; i += 1) {
          const { socket } = service.connect()
          await new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
          if (i % 2) socket.resetAndDestroy()
          else socket.destroy()
        }
        const answers = await Promise.all([
          service.exchange(request('GET /health/ready')),
          service.exchange(post('/login', credentials))
        ])
        t.strictSame(
          answers.flat().map(({ status }) => status),
          [200, 200]
        )
      })
    }
  })
})
