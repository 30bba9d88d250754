import { test } from 'tap'
import errors from '../../../plugins/http/errors.ts'
import jsonBody from '../../../plugins/http/json-body.ts'
import noBody from '../../../plugins/http/no-body.ts'
import { NoBody } from '../../../src/schemas/answers.ts'
import { answer, bearer, build, exchange, listen, post, readAnswer, refusal, signIn } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'

const DONE = { statusCode: 204, body: '' }
const JSON_TYPE = { 'content-type': 'application/json' }
const TEXT = { 'content-type': 'text/plain' }
const UNSUPPORTED = {
  statusCode: 415,
  body: refusal(415, 'Unsupported Media Type', 'UNSUPPORTED_MEDIA_TYPE', 'A body of this type is not taken here.')
}

const TOO_LARGE = {
  statusCode: 413,
  body: refusal(413, 'Payload Too Large', 'BODY_TOO_LARGE', 'The body is larger than 16384 bytes.')
}

const malformed = (message: string) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'MALFORMED_REQUEST', message)
})

const invalid = (path: string, message: string) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [{ path, message }])
})

test('a route that reads no body', async (t) => {
  const fastify = await build(t)
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  const remove = (headers: Record<string, string>, payload?: string) =>
    fastify.inject({
      method: 'DELETE',
      url: '/sessions',
      headers: { ...bearer(token), ...headers },
      ...(payload !== undefined && { payload })
    })

  const types: [string, Record<string, string>][] = [
    ['no type', {}],
    ['the type of JSON', JSON_TYPE],
    ['the type of JSON and a length of nothing', { ...JSON_TYPE, 'content-length': '0' }],
    ['the type of text', TEXT],
    ['the type of text and a length of nothing', { ...TEXT, 'content-length': '0' }],
    ['the type of a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a content coding', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['an empty type', { 'content-type': '' }],
    ['rubbish for a type', { 'content-type': ';;/=' }]
  ]
  for (const [what, headers] of types) {
    await t.test(`ignores an empty one with ${what}`, async (t) => {
      t.strictSame(answer(await remove(headers)), DONE)
      t.strictSame(answer(await remove(headers, '')), DONE)
    })
  }

  const bodies: [string, Record<string, string>, string, object][] = [
    ['takes an object of nothing', JSON_TYPE, '{}', DONE],
    ['takes null', JSON_TYPE, 'null', DONE],
    ['refuses an unknown key', JSON_TYPE, '{"x":1}', invalid('/x', 'is not a known key')],
    ['refuses a list', JSON_TYPE, '[]', invalid('', 'must be object,null')],
    ['refuses a text', JSON_TYPE, '"x"', invalid('', 'must be object,null')],
    ['refuses a number', JSON_TYPE, '0', invalid('', 'must be object,null')],
    ['refuses what is no JSON', JSON_TYPE, '{', malformed('The body is not valid JSON.')],
    [
      'refuses a forbidden key',
      JSON_TYPE,
      '{"__proto__":1}',
      malformed('The body holds a forbidden key or character.')
    ],
    ['refuses what has a content coding', { ...JSON_TYPE, 'content-encoding': 'gzip' }, '{}', UNSUPPORTED],
    ['takes what has the coding of none', { ...JSON_TYPE, 'content-encoding': 'identity' }, '{}', DONE],
    ['refuses text', TEXT, 'x', UNSUPPORTED],
    ['refuses JSON of another type', TEXT, '{}', UNSUPPORTED],
    ['refuses what has no type', {}, '{}', UNSUPPORTED],
    ['refuses what is too large', JSON_TYPE, `"${'x'.repeat(16_384)}"`, TOO_LARGE]
  ]
  for (const [what, headers, payload, expected] of bodies) {
    await t.test(what, async (t) => t.strictSame(answer(await remove(headers, payload)), expected))
  }

  await t.test('with a parameter in its path is no exception', async (t) => {
    const url = '/sessions/01890a5d-ac96-774b-bcce-b302099a8057'
    for (const headers of [JSON_TYPE, TEXT, {}]) {
      const response = await fastify.inject({ method: 'DELETE', url, headers: { ...bearer(token), ...headers } })
      t.equal(response.statusCode, 404)
    }
    const payload = '{"x":1}'
    const response = await fastify.inject({
      method: 'DELETE',
      url,
      headers: { ...bearer(token), ...JSON_TYPE },
      payload
    })
    t.strictSame(answer(response), invalid('/x', 'is not a known key'))
  })

  await t.test('leaves the bodies of other routes alone', async (t) => {
    const text = await fastify.inject({ method: 'POST', url: '/login', headers: TEXT, payload: 'x' })
    t.strictSame(answer(text), UNSUPPORTED)
    const empty = await fastify.inject({ method: 'POST', url: '/logout', headers: JSON_TYPE, payload: '' })
    t.strictSame(answer(empty), malformed('A JSON body is needed here.'))
    t.equal((await post(fastify, '/logout', { refresh_token: 'x' })).statusCode, 204)
  })

  const port = await listen(fastify)
  const chunked: [string, string, string, object][] = [
    ['ignores an empty one in chunks', 'application/json', '', DONE],
    ['ignores an empty one in chunks with the type of text', 'text/plain', '', DONE],
    ['ignores an empty one in chunks with rubbish for a type', ';;/=', '', DONE],
    ['takes an object of nothing in chunks', 'application/json', '2\r\n{}\r\n', DONE],
    ['refuses an unknown key in chunks', 'application/json', '7\r\n{"x":1}\r\n', invalid('/x', 'is not a known key')],
    ['refuses text in chunks', 'text/plain', '1\r\nx\r\n', UNSUPPORTED]
  ]
  for (const [what, type, chunks, expected] of chunked) {
    await t.test(what, async (t) => {
      const head = [
        'DELETE /sessions HTTP/1.1',
        'host: x',
        'connection: close',
        `authorization: Bearer ${token}`,
        `content-type: ${type}`,
        'transfer-encoding: chunked'
      ]
      const { statusCode, body } = readAnswer(await exchange(port, `${head.join('\r\n')}\r\n\r\n${chunks}0\r\n\r\n`))
      t.strictSame({ statusCode, body }, expected)
    })
  }
})

test('a route that reads no body may have no hook of its own, one or several', async (t) => {
  const fastify = assemble(t, { plugins: [errors, jsonBody, noBody] })
  const ran: string[] = []
  const hook = (name: string) => async () => {
    ran.push(name)
  }
  fastify.register(async (scope) => {
    const schema = { body: NoBody }
    const done = async () => 'done'
    scope.post('/none', { schema }, done)
    scope.post('/one', { schema, onRequest: hook('one') }, done)
    scope.post('/several', { schema, onRequest: [hook('first'), hook('second')] }, done)
  })
  for (const [url, hooks] of [
    ['/none', []],
    ['/one', ['one']],
    ['/several', ['first', 'second']]
  ] as const) {
    const response = await fastify.inject({ method: 'POST', url, headers: TEXT })
    t.strictSame([response.statusCode, response.body, ran.splice(0)], [200, 'done', hooks])
  }
})
