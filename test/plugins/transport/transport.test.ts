import { connect } from 'node:net'
import { test } from 'tap'
import { answer, build, exchange, listen, readAnswer, refusal } from '../../helpers/app.ts'

const EVERYWHERE = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-request-id': /^[0-9a-f-]{36}$/,
  connection: 'close'
}

test('the transport', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log })
  const port = await listen(fastify)
  const malformed = (statusCode: number, error: string, message = 'The request could not be read.') =>
    refusal(statusCode, error, 'MALFORMED_REQUEST', message)

  const login = 'POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  const refused: [string, string | Buffer, object][] = [
    [
      'no Host header',
      'GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n',
      malformed(400, 'Bad Request', 'The Host header is missing.')
    ],
    ...[
      'GET /secret',
      'GET /secret HTTP/0.9',
      'GET /secret HTTP/2.0',
      'GET /nowhere HTTP/2.0',
      'POST /login HTTP/2.0'
    ].map((line): [string, string, object] => [
      line,
      `${line}\r\nhost: x\r\n\r\n`,
      malformed(400, 'Bad Request', 'The service speaks HTTP/1.1 and HTTP/1.0.')
    ]),
    ...[
      'GET /secret HTTP/1.2',
      'GET /secret HTTP/9.9',
      'GET /secret http/1.1',
      'PRI * HTTP/2.0',
      'GET /secret HTTP/2'
    ].map((line): [string, string, object] => [line, `${line}\r\nhost: x\r\n\r\n`, malformed(400, 'Bad Request')]),
    ...['gzip, chunked', 'Deflate,chunked', 'identity, chunked'].map((coding): [string, string, object] => [
      `the transfer coding ${coding}`,
      `${login}transfer-encoding: ${coding}\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      malformed(400, 'Bad Request', 'The only transfer coding is chunked.')
    ]),
    ...['identity', 'gzip'].map((coding): [string, string, object] => [
      `the transfer coding ${coding}, which has no end`,
      `${login}transfer-encoding: ${coding}\r\n\r\n{}`,
      malformed(400, 'Bad Request')
    ]),
    [
      'no Host header on a path that no route has',
      'POST /nowhere HTTP/1.1\r\nconnection: close\r\n\r\n',
      malformed(400, 'Bad Request', 'The Host header is missing.')
    ],
    [
      'two Host headers',
      'GET /health/live HTTP/1.1\r\nhost: x\r\nHost: y\r\nconnection: close\r\n\r\n',
      malformed(400, 'Bad Request', 'There is more than one host header.')
    ],
    [
      'two types of a body',
      `${login}content-type: text/plain\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
      malformed(400, 'Bad Request', 'There is more than one content-type header.')
    ],
    [
      'an unknown expectation',
      `${login}expect: 200-ok\r\ncontent-length: 2\r\n\r\n`,
      malformed(417, 'Expectation Failed', 'Only 100-continue can be expected.')
    ],
    [
      'CONNECT',
      'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n',
      malformed(400, 'Bad Request', 'This is not a proxy.')
    ],
    [
      'the target * of another method than OPTIONS',
      'GET * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      malformed(400, 'Bad Request', 'The target * is only for OPTIONS.')
    ],
    ['an unknown method', 'BREW /secret HTTP/1.1\r\nhost: x\r\n\r\n', malformed(400, 'Bad Request')],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', malformed(400, 'Bad Request')],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex'), malformed(400, 'Bad Request')],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n', malformed(400, 'Bad Request')],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nhost: x\r\nx: \0\r\n\r\n', malformed(400, 'Bad Request')],
    ['a bad length', `${login}content-length: two\r\n\r\n{}`, malformed(400, 'Bad Request')],
    ['a negative length', `${login}content-length: -1\r\n\r\n{}`, malformed(400, 'Bad Request')],
    ['two lengths', `${login}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, malformed(400, 'Bad Request')],
    [
      'a length and chunks (smuggling)',
      `${login}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      malformed(400, 'Bad Request')
    ],
    [
      'headers that are too large',
      `GET /health/live HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      malformed(431, 'Request Header Fields Too Large')
    ],
    [
      'cookies that are too large',
      `GET /health/live HTTP/1.1\r\nhost: x\r\ncookie: ${'0=%; '.repeat(1639)}\r\nconnection: close\r\n\r\n`,
      malformed(431, 'Request Header Fields Too Large', 'The Cookie header is too large.')
    ],
    [
      'cookies that are too large together',
      `POST /nowhere HTTP/1.1\r\nhost: x\r\n${`cookie: x=${'y'.repeat(4094)}\r\n`.repeat(2)}connection: close\r\n\r\n`,
      malformed(431, 'Request Header Fields Too Large', 'The Cookie header is too large.')
    ],
    [
      'a URL that is too long',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      malformed(431, 'Request Header Fields Too Large')
    ]
  ]
  for (const [what, bytes, body] of refused) {
    await t.test(`refuses ${what} with our body`, async (t) => {
      const { headers, ...rest } = readAnswer(await exchange(port, bytes))
      t.strictSame(rest.body, body)
      t.equal(rest.statusCode, rest.body.statusCode)
      t.match(headers, EVERYWHERE)
      t.equal(Number(headers['content-length']), Buffer.byteLength(JSON.stringify(body)))
    })
  }

  await t.test('takes a header twice that may come twice', async (t) => {
    const twice = 'accept: text/html\r\naccept: application/json\r\n__proto__: x\r\n'
    const bytes = `GET /health/live HTTP/1.1\r\nhost: x\r\n${twice}connection: close\r\n\r\n`
    const { statusCode, body } = readAnswer(await exchange(port, bytes))
    t.strictSame({ statusCode, body }, { statusCode: 200, body: { status: 'ok' } })
  })

  await t.test('keeps a harmless id of what it refuses, and logs it', async (t) => {
    for (const [request, statusCode, msg] of [
      ['GET /health/live HTTP/1.1\r\nexpect: x', 417, 'Only 100-continue can be expected.'],
      ['CONNECT example.com:443 HTTP/1.1', 400, 'This is not a proxy.']
    ] as const) {
      log.length = 0
      const { headers } = readAnswer(await exchange(port, `${request}\r\nhost: x\r\nx-request-id: trace-4711\r\n\r\n`))
      t.equal(headers['x-request-id'], 'trace-4711')
      t.match(
        log.map((line) => JSON.parse(line)),
        [{ level: 30, reqId: 'trace-4711', statusCode, msg }]
      )
      t.equal(log.length, 1)
    }
  })

  await t.test('answers a complete request before one that cannot be read, and closes the connection', async (t) => {
    const raw = await exchange(port, 'GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\nnonsense\r\n\r\n')
    const { statusCode, headers, body } = readAnswer(raw)
    t.strictSame({ statusCode, body }, { statusCode: 200, body: { status: 'ok' } })
    t.equal(headers.connection, 'close')
    t.equal(raw.match(/^HTTP/gm)?.length, 1)
  })

  await t.test('refuses HEAD without a body', async (t) => {
    const { statusCode, headers, body } = readAnswer(
      await exchange(port, 'HEAD / HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n')
    )
    t.strictSame({ statusCode, body }, { statusCode: 400, body: '' })
    t.match(headers, EVERYWHERE)
  })

  await t.test('refuses a bad chunk with our body', async (t) => {
    const raw = await exchange(port, `${login}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`)
    const { statusCode, body } = readAnswer(raw)
    t.strictSame({ statusCode, body }, { statusCode: 400, body: malformed(400, 'Bad Request') })
  })

  const taken: [string, string][] = [
    [
      'chunks in capital letters',
      'GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n'
    ],
    [
      'cookies of 8 KB',
      `GET /health/live HTTP/1.1\r\nhost: x\r\ncookie: x=${'y'.repeat(8190)}\r\nconnection: close\r\n\r\n`
    ],
    ['HTTP/1.0, which knows no Host header', 'GET /health/live HTTP/1.0\r\n\r\n'],
    ['an empty Host header', 'GET /health/live HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n'],
    ['a URL with an authority', 'GET http://x/health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'],
    [
      'an upgrade that nobody asked for',
      'GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n'
    ]
  ]
  for (const [what, bytes] of taken) {
    await t.test(`takes ${what}`, async (t) => {
      const { statusCode, body } = readAnswer(await exchange(port, bytes))
      t.strictSame({ statusCode, body }, { statusCode: 200, body: { status: 'ok' } })
    })
  }

  await t.test('lets go on who expects 100-continue', async (t) => {
    const head = `${login}expect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\n`
    const [go, raw = ''] = (await exchange(port, `${head}{}`)).split(/(?<=\r\n\r\n)(?=HTTP)/)
    t.equal(go, 'HTTP/1.1 100 Continue\r\n\r\n')
    t.match(readAnswer(raw), { statusCode: 400, body: { code: 'VALIDATION_FAILED' } })
  })

  await t.test('goes on when who wants a proxy goes away at once, and waits for nobody who stays', async (t) => {
    const request = 'CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n'
    for (let round = 0; round < 20; round += 1) {
      const closed = new Promise((resolve) =>
        fastify.server.once('connection', (socket) => socket.once('close', () => resolve(true)))
      )
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () =>
        socket.write(request, () => round % 2 && socket.resetAndDestroy())
      )
      socket.on('error', () => {})
      t.ok(await closed, 'the connection is over')
      socket.destroy()
    }
    t.strictSame(answer(await fastify.inject('/health/live')), { statusCode: 200, body: { status: 'ok' } })
  })

  await t.test('goes on when a client goes away in the middle of a request', async (t) => {
    const gone = new Promise((resolve) =>
      fastify.server.once('connection', (socket) => socket.once('close', () => resolve(true)))
    )
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${login}content-length: 100\r\n\r\n{`, () => socket.resetAndDestroy())
    )
    t.ok(await gone)
    t.strictSame(answer(await fastify.inject('/health/live')), { statusCode: 200, body: { status: 'ok' } })
  })
})
