import { test } from 'tap'
import { type Ask, bearer, createClient, PASSWORD, signIn, unique } from './client.ts'
import { refused, refusedWithoutBody } from './expectations.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const ID = 'an-id.of_the-Client.1'

const unknownName = { username: 'nobody-has-this-name', password: PASSWORD }

test('Conventions', async (t) => {
  const client = await createClient(t)
  const username = unique()
  const { access_token: token } = await signIn(client, { username })

  await t.test(
    'what does not fit its schema is refused with every fault, and nothing is stripped or coerced',
    async (t) => {
      const rows: [string, Ask, string[]][] = [
        ['an empty object at /register', { path: '/register', body: {} }, ['', '/password']],
        ['an empty object at /login', { path: '/login', body: {} }, ['', '/password']],
        ['a password alone', { path: '/register', body: { password: PASSWORD } }, ['']],
        ['two names at /login', { path: '/login', body: { ...unknownName, email: 'ada@example.com' } }, ['']],
        ['a missing password', { path: '/login', body: { username: 'ada' } }, ['/password']],
        [
          'an unknown key',
          { path: '/register', body: { username: unique(), password: PASSWORD, admin: true } },
          ['/admin']
        ],
        ['an unknown key at /login', { path: '/login', body: { ...unknownName, scope: 'all' } }, ['/scope']],
        ['a key in another letter case', { path: '/login', body: { ...unknownName, Password: 'x' } }, ['/Password']],
        ['a key of no letters', { path: '/login', body: { ...unknownName, '': 'x' } }, ['/']],
        ['constructor', { path: '/login', body: { ...unknownName, constructor: { prototype: {} } } }, ['/constructor']],
        ['toString', { path: '/login', body: { ...unknownName, toString: 1 } }, ['/toString']],
        ['a number for a username', { path: '/login', body: { username: 5, password: PASSWORD } }, ['/username']],
        ['true for an email', { path: '/login', body: { email: true, password: PASSWORD } }, ['/email']],
        ['null for a password', { path: '/login', body: { username: 'ada', password: null } }, ['/password']],
        [
          'a number for a password',
          { path: '/register', body: { username: unique(), password: 12345678 } },
          ['/password']
        ],
        [
          'an array for a username',
          { path: '/register', body: { username: ['ada'], password: PASSWORD } },
          ['/username']
        ],
        ['null for one of two names', { path: '/register', body: { ...unknownName, email: null } }, ['/email']],
        ['an object for a password', { path: '/login', body: { username: 'ada', password: {} } }, ['/password']],
        [
          'five faults at once',
          { path: '/register', body: { username: 5, email: 'no address', password: [], a: 1, b: 2 } },
          ['/username', '/email', '/password', '/a', '/b']
        ],
        ['an unknown key of the query', { path: '/login?next=home', body: unknownName }, ['/next']],
        ['the same where no body is read', { path: '/health/live?verbose' }, ['/verbose']],
        ['two unknown keys of the query', { path: '/openapi.json?a=1&b=2' }, ['/a', '/b']],
        ['an unknown key of the query with a token', { path: '/secret?x=1', headers: bearer(token) }, ['/x']],
        ['the same at /me', { path: '/me?x=1', headers: bearer(token) }, ['/x']],
        ['the same at JWKS', { path: '/.well-known/jwks.json?kid=1' }, ['/kid']],
        ['the same at /health/ready', { path: '/health/ready?x' }, ['/x']],
        ['the same at /metrics', { path: '/metrics?name=x' }, ['/name']],
        ['the same at /docs', { path: '/docs?x=1' }, ['/x']],
        ['__proto__ in the query', { path: '/health/live?__proto__=1' }, ['/__proto__']],
        ['__proto__ below a key of the query', { path: '/health/live?__proto__[admin]=1' }, ['/__proto__[admin]']]
      ]
      for (const [what, ask, paths] of rows) {
        await t.test(what, async (t) => {
          const errors = paths.map((path) => ({ path }))
          refused(t, await client.request(ask), 400, 'VALIDATION_FAILED', { errors })
        })
      }
    }
  )

  await t.test('a body that is no object is refused as a whole', async (t) => {
    for (const value of [[], [unknownName], null, 0, 5, true, false, '', 'text']) {
      for (const path of ['/login', '/register']) {
        const answer = await client.request({ path, headers: JSON_TYPE, body: JSON.stringify(value) })
        const errors = (answer.json.errors ?? [0]).map(() => ({ path: '' }))
        refused(t, answer, 400, 'VALIDATION_FAILED', { errors })
      }
    }
  })

  await t.test('an empty query is none', async (t) => {
    t.equal((await client.request({ path: '/health/live?' })).status, 200)
  })

  await t.test('headers that a route does not read are ignored', async (t) => {
    const headers = { 'x-anything': 'at all', cookie: 'a=b', authorization: 'Bearer rubbish', accept: 'image/png' }
    t.equal((await client.request({ path: '/health/live', headers })).status, 200)
    refused(t, await client.request({ path: '/login', body: unknownName, headers }), 401, 'INVALID_CREDENTIALS')
  })

  await t.test('faults are listed up to 20', async (t) => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, i]))
    const { status, json } = await client.request({ path: '/login', body: { ...unknownName, ...many } })
    t.strictSame(
      { status, code: json.code, faults: json.errors.length },
      { status: 400, code: 'VALIDATION_FAILED', faults: 20 }
    )
    t.equal(new Set(json.errors.map(({ path }: { path: string }) => path)).size, 20)
  })

  await t.test('an unknown key is named by its JSON pointer, cut at 64 characters', async (t) => {
    const rows = [
      ['a/b', '/a~1b'],
      ['a~b', '/a~0b'],
      ['~1', '/~01'],
      ['größe', '/größe'],
      ['x'.repeat(63), `/${'x'.repeat(63)}`],
      ['x'.repeat(64), `/${'x'.repeat(63)}`],
      ['x'.repeat(10_000), `/${'x'.repeat(63)}`]
    ] as const
    for (const [key, path] of rows) {
      const answer = await client.request({ path: '/login', body: { ...unknownName, [key]: 1 } })
      refused(t, answer, 400, 'VALIDATION_FAILED', { errors: [{ path }] })
    }
    for (const [what, key] of [
      ['an escape', `${'x'.repeat(62)}~`],
      ['a pair of surrogates', `${'x'.repeat(62)}😀`]
    ] as const) {
      const { json } = await client.request({ path: '/login', body: { ...unknownName, [key]: 1 } })
      const [{ path }] = json.errors
      t.ok(path.length <= 64 && path.isWellFormed() && !/~(?![01])/.test(path), `never through the middle of ${what}`)
    }
    const { json } = await client.request({ path: `/login?${'q'.repeat(500)}=1`, body: unknownName })
    t.equal(json.errors[0].path, `/${'q'.repeat(63)}`, 'of the query too')
  })

  await t.test('no submitted value, path or query text is echoed', async (t) => {
    const mark = 'Zq7-marker'
    const rows: [number, Ask][] = [
      [404, { path: `/${mark}?${mark}=${mark}` }],
      [404, { path: `/login/${mark}`, body: { [mark]: mark } }],
      [405, { method: 'PUT', path: `/login?${mark}`, body: { [mark]: mark } }],
      [400, { path: `/%/${mark}` }],
      [400, { path: `/health/live?x=${mark}` }],
      [400, { path: '/login', headers: JSON_TYPE, body: `{"username": "${mark}" ${mark}` }],
      [400, { path: '/login', headers: JSON_TYPE, body: mark }],
      [400, { path: '/login', body: { username: mark, password: `${mark}\0` } }],
      [400, { path: '/register', body: { username: `${mark}!`, email: mark, password: 5 } }],
      [400, { path: '/register', body: { username: unique(), password: mark.repeat(10) } }],
      [401, { path: '/login', body: { username: mark, password: mark } }],
      [401, { path: '/secret', headers: bearer(mark) }],
      [401, { path: '/secret', headers: { authorization: mark } }],
      [415, { path: '/login', headers: { 'content-type': `text/${mark}` }, body: mark }]
    ]
    for (const [status, ask] of rows) {
      const answer = await client.request(ask)
      t.strictSame(
        { status: answer.status, echoed: `${answer.body}${JSON.stringify(answer.headers)}`.includes(mark) },
        { status, echoed: false }
      )
    }
  })

  await t.test('the one error body answers what no route takes', async (t) => {
    const rows: [string, Ask, number, string, string[]?][] = [
      ['an unknown route', { path: '/nothing' }, 404, 'NOT_FOUND'],
      ['an unknown route with a body', { path: '/nothing', body: { a: 1 } }, 404, 'NOT_FOUND'],
      ['a method of no route', { method: 'PATCH', path: '/nothing' }, 404, 'NOT_FOUND'],
      ['a long path', { path: `/${'x'.repeat(8000)}` }, 404, 'NOT_FOUND'],
      ['GET /login', { path: '/login' }, 405, 'METHOD_NOT_ALLOWED', ['POST']],
      ['GET /register', { path: '/register' }, 405, 'METHOD_NOT_ALLOWED', ['POST']],
      ['PUT /login', { method: 'PUT', path: '/login' }, 405, 'METHOD_NOT_ALLOWED', ['POST']],
      ['DELETE /login with a query', { method: 'DELETE', path: '/login?x=1' }, 405, 'METHOD_NOT_ALLOWED', ['POST']],
      ['OPTIONS without CORS', { method: 'OPTIONS', path: '/login' }, 405, 'METHOD_NOT_ALLOWED', ['POST']],
      ['TRACE', { method: 'TRACE', path: '/login' }, 405, 'METHOD_NOT_ALLOWED', ['POST']],
      ['PROPFIND', { method: 'PROPFIND', path: '/secret' }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['POST /secret', { path: '/secret', body: {} }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['POST /health/live', { path: '/health/live', body: {} }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['POST /health/ready', { path: '/health/ready', body: {} }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['POST JWKS', { path: '/.well-known/jwks.json', body: {} }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['POST /metrics', { path: '/metrics', body: {} }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['POST /', { path: '/', body: {} }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['POST /docs', { path: '/docs', body: {} }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['POST /openapi.json', { path: '/openapi.json', body: {} }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['a lone percent sign', { path: '/%' }, 400, 'MALFORMED_REQUEST'],
      ['a percent sign with no digits', { path: '/login%zz', body: unknownName }, 400, 'MALFORMED_REQUEST'],
      ['percent signs that are no UTF-8', { path: '/%c3%28' }, 400, 'MALFORMED_REQUEST'],
      ['a lone percent sign with another method', { method: 'DELETE', path: '/%' }, 400, 'MALFORMED_REQUEST']
    ]
    for (const [what, ask, status, code, allow] of rows) {
      await t.test(what, async (t) => {
        refused(t, await client.request(ask), status, code, allow && { allow })
      })
    }
  })

  await t.test('a trailing slash or another letter case is another path', async (t) => {
    const paths = [
      '/login',
      '/register',
      '/secret',
      '/me',
      '/token/refresh',
      '/logout',
      '/sessions',
      '/password/change',
      '/health/live',
      '/health/ready',
      '/metrics',
      '/docs',
      '/openapi.json'
    ]
    for (const path of [...paths, '/.well-known/jwks.json']) {
      for (const other of [`${path}/`, path.toUpperCase(), `/x${path}`]) {
        refused(t, await client.request({ path: other, headers: bearer(token) }), 404, 'NOT_FOUND')
      }
    }
    refused(t, await client.request({ path: '/login/', body: unknownName }), 404, 'NOT_FOUND')
  })

  await t.test('refusals have an order', async (t) => {
    const large = 'x'.repeat(20_000)
    const rows: [string, Ask, number, string, string[]?][] = [
      ['the URL before the route', { path: '/nothing/%', body: large }, 400, 'MALFORMED_REQUEST'],
      ['404 before the size of the body', { path: '/nothing', body: large }, 404, 'NOT_FOUND'],
      [
        '404 before its type',
        { path: '/nothing', body: 'x', headers: { 'content-type': 'text/plain' } },
        404,
        'NOT_FOUND'
      ],
      ['404 before its JSON', { path: '/nothing', body: '{', headers: JSON_TYPE }, 404, 'NOT_FOUND'],
      ['404 before the token', { path: '/nothing', headers: bearer('rubbish') }, 404, 'NOT_FOUND'],
      [
        '405 before the size of the body',
        { method: 'PUT', path: '/login', body: large },
        405,
        'METHOD_NOT_ALLOWED',
        ['POST']
      ],
      [
        '405 before its JSON',
        { method: 'PUT', path: '/login', body: '{', headers: JSON_TYPE },
        405,
        'METHOD_NOT_ALLOWED',
        ['POST']
      ],
      ['405 before the token', { method: 'DELETE', path: '/secret' }, 405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD']],
      ['401 before the query', { path: '/secret?x=1' }, 401, 'TOKEN_MISSING'],
      [
        '401 before the query, with a refused token',
        { path: '/me?x=1', headers: bearer('rubbish') },
        401,
        'TOKEN_INVALID'
      ],
      ['401 before the body', { method: 'GET', path: '/secret', body: large }, 401, 'TOKEN_MISSING'],
      ['413 before the query', { path: '/login?x=1', body: large, headers: JSON_TYPE }, 413, 'BODY_TOO_LARGE'],
      [
        '415 before the query',
        { path: '/login?x=1', body: 'x', headers: { 'content-type': 'text/plain' } },
        415,
        'UNSUPPORTED_MEDIA_TYPE'
      ],
      ['the JSON before the query', { path: '/login?x=1', body: '{', headers: JSON_TYPE }, 400, 'MALFORMED_REQUEST'],
      ['a NUL before an unknown key', { path: '/login', body: { a: '\0' } }, 400, 'MALFORMED_REQUEST']
    ]
    for (const [what, ask, status, code, allow] of rows) {
      await t.test(what, async (t) => {
        refused(t, await client.request(ask), status, code, allow && { allow })
      })
    }
    await t.test('the schema before the rules of passwords', async (t) => {
      const answer = await client.request({ path: '/register', body: { username: 'a', password: 'short' } })
      refused(t, answer, 400, 'VALIDATION_FAILED', { errors: [{ path: '/username' }] })
    })
  })

  await t.test('a body that is not JSON in valid UTF-8 is malformed', async (t) => {
    const fits = JSON.stringify(unknownName)
    const login = (username: string, rest = '') => `{"username": ${username}, "password": "${PASSWORD}"${rest}}`
    const rows: [string, string | Buffer][] = [
      ['nothing', ''],
      ['blanks', ' \n\t'],
      ['a text that is no JSON', 'username=ada'],
      ['half of an object', fits.slice(0, -1)],
      ['two objects', fits + fits],
      ['a comma too many', `${fits.slice(0, -1)},}`],
      ['a comment', `/* */${fits}`],
      ['single quotes', "{'username': 'ada'}"],
      ['a key without quotes', '{username: "ada"}'],
      ['NaN', login('NaN')],
      ['Infinity', login('-Infinity')],
      ['undefined', 'undefined'],
      ['a number with a leading zero', login('01')],
      ['a hexadecimal number', login('0x1')],
      ['a line break in a text', login('"a\nb"')],
      ['an escape that there is not', login('"\\x41"')],
      ['half an escape', login('"\\u00"')],
      ['a byte order mark', `\uFEFF${fits}`],
      ['UTF-16', Buffer.from(fits, 'utf16le')],
      ['Latin-1', Buffer.from(login('"größe"'), 'latin1')],
      [
        'a byte that is no UTF-8',
        Buffer.concat([Buffer.from(fits.slice(0, 14)), Buffer.from([0xff]), Buffer.from(fits.slice(14))])
      ],
      ['an overlong slash', Buffer.from(login('"\xc0\xaf"'), 'latin1')],
      ['a surrogate in bytes', Buffer.from(login('"\xed\xa0\x80"'), 'latin1')],
      ['beyond the last code point', Buffer.from(login('"\xf4\x90\x80\x80"'), 'latin1')],
      ['half a character at the end', Buffer.concat([Buffer.from(fits), Buffer.from([0xe2, 0x82])])],
      ['a NUL byte after the object', `${fits}\0`],
      ['an escaped NUL in a name', login('"a\\u0000"')],
      ['an escaped NUL in a password', '{"username": "ada", "password": "\\u0000correct horse"}'],
      ['an escaped NUL in a key', login('"ada"', ', "a\\u0000": 1')],
      ['an escaped NUL deep inside', login('"ada"', ', "a": [{"b": ["\\u0000"]}]')],
      ['the first half of a pair of surrogates', login('"\\ud800"')],
      ['the second half', login('"\\udc00"')],
      ['the halves the wrong way round', login('"\\ude00\\ud83d"')],
      ['half a pair before a letter', login('"\\ud83dx"')],
      ['half a pair in a key', login('"ada"', ', "\\udfff": 1')],
      ['half a pair deep inside', login('"ada"', ', "a": {"b": ["\\ud800"]}')],
      ['a NUL in a value that a second one hides', `{"username": "\\u0000", ${login('"ada"').slice(1)}`],
      ['half a pair in a value that a second one hides', login('"ada"', ', "a": "\\ud800", "a": 1')],
      ['__proto__', login('"ada"', ', "__proto__": {"admin": true}')],
      ['__proto__ with a plain value', login('"ada"', ', "__proto__": null')],
      ['__proto__ in escapes', login('"ada"', ', "\\u005f_proto_\\u005f": {}')],
      ['__proto__ deep inside', login('"ada"', ', "a": [{"__proto__": 1}]')],
      ['nesting beyond measure', login(`${'['.repeat(8000)}${']'.repeat(8000)}`.slice(0, 9000))]
    ]
    for (const [what, body] of rows) {
      await t.test(what, async (t) => {
        refused(
          t,
          await client.request({ method: 'POST', path: '/login', headers: JSON_TYPE, body }),
          400,
          'MALFORMED_REQUEST'
        )
      })
    }
  })

  await t.test('what only looks malformed is read', async (t) => {
    const rows = [
      ['a pair of surrogates in escapes', `{"username": "\\ud83d\\ude00", "password": "${PASSWORD}"}`],
      ['blanks around', ` \r\n\t${JSON.stringify(unknownName)}\n`],
      ['a key in escapes', `{"\\u0075sername": "nobody-has-this-name", "password": "${PASSWORD}"}`],
      ['__proto__ as a value', `{"username": "__proto__", "password": "${PASSWORD}"}`],
      ['characters beyond the first plane', `{"username": "😀𝔘\u{10ffff}", "password": "${PASSWORD}"}`]
    ] as const
    for (const [what, body] of rows) {
      await t.test(what, async (t) => {
        refused(t, await client.request({ path: '/login', headers: JSON_TYPE, body }), 401, 'INVALID_CREDENTIALS')
      })
    }
  })

  await t.test('a body may have 16,384 bytes, chunked or not', async (t) => {
    const padded = (length: number) => JSON.stringify(unknownName).padEnd(length)
    for (const chunked of [false, true]) {
      const send = (body: string) => client.request({ path: '/login', headers: JSON_TYPE, body, chunked })
      refused(t, await send(padded(16_384)), 401, 'INVALID_CREDENTIALS')
      refused(t, await send(padded(16_385)), 413, 'BODY_TOO_LARGE')
      refused(t, await send(padded(200_000)), 413, 'BODY_TOO_LARGE')
    }
    const wide = JSON.stringify({ ...unknownName, password: '' })
    const filled = (length: number) =>
      wide.replace('""', `"${'é'.repeat((length - wide.length) / 2)}"`).padEnd(length - 1, ' ')
    refused(
      t,
      await client.request({ path: '/login', headers: JSON_TYPE, body: `${filled(18_000)}` }),
      413,
      'BODY_TOO_LARGE'
    )
  })

  await t.test('a body is application/json and nothing else', async (t) => {
    const body = JSON.stringify(unknownName)
    const send = (type?: string) =>
      client.request({ path: '/login', body, headers: type === undefined ? {} : { 'content-type': type } })
    const refusedTypes = [
      undefined,
      '',
      ';',
      '*/*',
      'json',
      'application',
      'application/',
      'application/jsonp',
      'application/json5',
      'application/json-patch+json',
      'application/problem+json',
      'application/x-json',
      'application/x-www-form-urlencoded',
      'application/octet-stream',
      'application/xml',
      'multipart/form-data; boundary=x',
      'text/json',
      'text/plain',
      'text/plain; application/json',
      'text/plain;charset=application/json',
      'xapplication/json'
    ]
    for (const type of refusedTypes) {
      await t.test(`${type ?? 'no type'} is refused`, async (t) => {
        refused(t, await send(type), 415, 'UNSUPPORTED_MEDIA_TYPE')
      })
    }
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
      'Application/JSON',
      ' application/json '
    ]) {
      await t.test(`${type} is read`, async (t) => {
        refused(t, await send(type), 401, 'INVALID_CREDENTIALS')
      })
    }
  })

  await t.test('a body with a content coding is not read as if it had none', async (t) => {
    for (const coding of ['gzip', 'br', 'GZIP', 'identity, gzip']) {
      const headers = { ...JSON_TYPE, 'content-encoding': coding }
      const answer = await client.request({ path: '/login', headers, body: JSON.stringify(unknownName) })
      refused(t, answer, 415, 'UNSUPPORTED_MEDIA_TYPE')
    }
    const headers = { ...JSON_TYPE, 'content-encoding': 'identity' }
    const answer = await client.request({ path: '/login', headers, body: JSON.stringify(unknownName) })
    refused(t, answer, 401, 'INVALID_CREDENTIALS')
  })

  await t.test('an empty body with no content type is malformed or of no type', async (t) => {
    const answer = await client.request({ method: 'POST', path: '/login' })
    if (answer.status === 415) refused(t, answer, 415, 'UNSUPPORTED_MEDIA_TYPE')
    else refused(t, answer, 400, 'MALFORMED_REQUEST')
  })

  await t.test('a route that reads no body ignores an empty one, whatever its content type says', async (t) => {
    for (const type of ['application/json', 'text/plain', 'rubbish']) {
      for (const length of [{}, { 'content-length': '0' }]) {
        const headers = { 'content-type': type, ...length, ...bearer(token) }
        for (const path of ['/secret', '/me', '/health/live', '/.well-known/jwks.json']) {
          t.equal((await client.request({ path, headers })).status, 200, `${path} with ${type}`)
        }
      }
    }
  })

  await t.test('HEAD is answered like GET without a body', async (t) => {
    for (const path of [
      '/health/live',
      '/health/ready',
      '/secret',
      '/me',
      '/.well-known/jwks.json',
      '/openapi.json',
      '/docs'
    ]) {
      const ask = { path, headers: { ...bearer(token), 'x-request-id': ID } }
      const [get, head] = [await client.request(ask), await client.request({ ...ask, method: 'HEAD' })]
      const { date: _, ...ofGet } = get.headers
      const { date: __, ...ofHead } = head.headers
      t.strictSame(
        { ...head, headers: ofHead, json: undefined },
        { ...get, headers: ofGet, body: '', json: undefined },
        path
      )
    }
    const head = (path: string) => client.request({ method: 'HEAD', path })
    refusedWithoutBody(t, await head('/nothing'), 404, 'NOT_FOUND')
    refusedWithoutBody(t, await head('/login'), 405, 'METHOD_NOT_ALLOWED', { allow: ['POST'] })
    refusedWithoutBody(t, await head('/secret'), 401, 'TOKEN_MISSING')
    refusedWithoutBody(t, await head('/health/live?x'), 400, 'VALIDATION_FAILED')
    refusedWithoutBody(t, await head('/%'), 400, 'MALFORMED_REQUEST')
  })

  await t.test('a request id that fits is kept, on every kind of answer', async (t) => {
    for (const id of ['12345678', 'x'.repeat(64), ID, '--------', '........']) {
      const { headers } = await client.request({ path: '/health/live', headers: { 'x-request-id': id } })
      t.equal(headers['x-request-id'], id)
    }
    const headers = { 'x-request-id': ID }
    refused(t, await client.request({ path: '/nothing', headers }), 404, 'NOT_FOUND', { id: ID })
    refused(t, await client.request({ path: '/%', headers }), 400, 'MALFORMED_REQUEST', { id: ID })
    refused(t, await client.request({ path: '/login', headers }), 405, 'METHOD_NOT_ALLOWED', {
      id: ID,
      allow: ['POST']
    })
    refused(t, await client.request({ path: '/secret', headers }), 401, 'TOKEN_MISSING', { id: ID })
    refused(t, await client.request({ path: '/login', headers, body: unknownName }), 401, 'INVALID_CREDENTIALS', {
      id: ID
    })
    refused(t, await client.request({ path: '/login', headers, body: 'x' }), 415, 'UNSUPPORTED_MEDIA_TYPE', { id: ID })
  })

  await t.test('any other request id is replaced', async (t) => {
    const ids = [
      '',
      '1234567',
      'x'.repeat(65),
      'x'.repeat(4000),
      'with blank',
      'größe-größe',
      'semi;colon',
      '<script>',
      '12345678\t9',
      '"12345678"'
    ]
    for (const id of [...ids, '../../etc/passwd', '%0d%0aset-cookie:a=b']) {
      const { headers } = await client.request({
        path: '/health/live',
        headers: { 'x-request-id': Buffer.from(id).toString('latin1') }
      })
      t.match(headers['x-request-id'], /^[A-Za-z0-9._-]{8,64}$/)
      t.not(headers['x-request-id'], id)
    }
    const some = await Promise.all(Array.from({ length: 20 }, () => client.request({ path: '/health/live' })))
    t.equal(new Set(some.map(({ headers }) => headers['x-request-id'])).size, 20, 'by one of its own each time')
  })

  await t.test('no answer is stored, but for JWKS, /docs and /openapi.json', async (t) => {
    const rows: Ask[] = [
      { path: '/register', body: { username: unique(), password: PASSWORD } },
      { path: '/login', body: { username, password: PASSWORD } },
      { path: '/secret', headers: bearer(token) },
      { path: '/me', headers: bearer(token) },
      { path: '/health/live' },
      { path: '/health/ready' }
    ]
    for (const ask of rows) {
      const { status, headers } = await client.request(ask)
      t.strictSame([Math.floor(status / 100), headers['cache-control']], [2, 'no-store'], ask.path)
      t.equal(headers['content-type'], 'application/json; charset=utf-8')
    }
  })

  await t.test('nor is a refusal of what may be stored', async (t) => {
    const metadata = '/.well-known/oauth-authorization-server'
    for (const path of ['/.well-known/jwks.json', metadata, '/openapi.json', '/docs']) {
      const { status, headers } = await client.request({ path: `${path}?x=1` })
      t.strictSame([status, headers['cache-control']], [400, 'no-store'], path)
    }
  })

  await t.test('the scheme of Authorization', async (t) => {
    for (const authorization of [`bearer ${token}`, `BEARER ${token}`, `bEaReR ${token}`]) {
      t.equal((await client.request({ path: '/secret', headers: { authorization } })).status, 200, 'in any letter case')
    }
    for (const authorization of [
      'Basic YTpi',
      'Bearerx',
      `Token ${token}`,
      token,
      'Negotiate',
      `Basic Bearer ${token}`,
      ''
    ]) {
      refused(t, await client.request({ path: '/secret', headers: { authorization } }), 401, 'TOKEN_MISSING')
    }
    for (const authorization of [
      'Bearer x',
      'Bearer ...',
      `Bearer ${token} ${token}`,
      `Bearer ${token},`,
      `Bearer "${token}"`,
      'Bearer %',
      'Bearer größe'
    ]) {
      const latin = Buffer.from(authorization).toString('latin1')
      refused(t, await client.request({ path: '/secret', headers: { authorization: latin } }), 401, 'TOKEN_INVALID')
    }
    for (const authorization of ['Bearer', 'bearer', 'Bearer ']) {
      const { status, headers, json } = await client.request({ path: '/secret', headers: { authorization } })
      t.strictSame([status, json.code], [401, 'TOKEN_INVALID'], `${authorization} with nothing after it`)
      t.match(headers['www-authenticate'], /^Bearer/)
    }
  })
})
