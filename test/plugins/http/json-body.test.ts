import type { InjectOptions } from 'fastify'
import { test } from 'tap'
import { answer, build, PASSWORD, post, refusal } from '../../helpers/app.ts'

const malformed = (message: string) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'MALFORMED_REQUEST', message)
})
const NEEDED = malformed('A JSON body is needed here.')
const NOT_JSON = malformed('The body is not valid JSON.')
const NOT_UTF8 = malformed('The body is not valid UTF-8.')
const FORBIDDEN = malformed('The body holds a forbidden key or character.')
const UNSUPPORTED = {
  statusCode: 415,
  body: refusal(415, 'Unsupported Media Type', 'UNSUPPORTED_MEDIA_TYPE', 'A body of this type is not taken here.')
}
const TOO_LARGE = {
  statusCode: 413,
  body: refusal(413, 'Payload Too Large', 'BODY_TOO_LARGE', 'The body is larger than 16384 bytes.')
}
const WRONG = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')
}
const JSON_TYPE = { 'content-type': 'application/json' }
const RIGHT = JSON.stringify({ username: 'nobody', password: PASSWORD })

test('a body', async (t) => {
  const fastify = await build(t)
  const send = (request: InjectOptions) => fastify.inject({ method: 'POST', url: '/login', ...request })

  const types: [string, Record<string, string>, object][] = [
    ['application/json', JSON_TYPE, WRONG],
    ['application/json in UTF-8', { 'content-type': 'application/json; charset=utf-8' }, WRONG],
    ['Application/JSON', { 'content-type': 'Application/JSON' }, WRONG],
    ['text/plain', { 'content-type': 'text/plain' }, UNSUPPORTED],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, UNSUPPORTED],
    ['a form of parts', { 'content-type': 'multipart/form-data; boundary=x' }, UNSUPPORTED],
    ['a type that begins like JSON', { 'content-type': 'application/jsonx' }, UNSUPPORTED],
    ['a type that ends like JSON', { 'content-type': 'application/problem+json' }, UNSUPPORTED],
    ['a type that is none', { 'content-type': 'json' }, UNSUPPORTED],
    ['no type', {}, UNSUPPORTED]
  ]
  for (const [what, headers, expected] of types) {
    await t.test(`of ${what} is ${expected === WRONG ? 'read' : 'refused'}`, async (t) => {
      t.strictSame(answer(await send({ headers, payload: Buffer.from(RIGHT) })), expected)
    })
  }

  const bodies: [string, string | Buffer, object][] = [
    ['empty', '', NEEDED],
    ['white space', '  \n', NOT_JSON],
    ['cut off', '{"username":"ada"', NOT_JSON],
    ['more than one value', '{}{}', NOT_JSON],
    ['single quotes', "{'username':'ada'}", NOT_JSON],
    ['a trailing comma', '{"username":"ada",}', NOT_JSON],
    ['a comment', '{}//', NOT_JSON],
    ['NaN', 'NaN', NOT_JSON],
    ['a byte order mark', '\uFEFF{}', NOT_JSON],
    ['a bad byte in the password', Buffer.from('{"username":"ada","password":"\xff"}', 'latin1'), NOT_UTF8],
    ['a cut character', Buffer.from([0x22, 0xe2, 0x82]), NOT_UTF8],
    ['UTF-16', Buffer.from('{}', 'utf16le'), NOT_JSON],
    ['a __proto__ key', '{"__proto__":{"username":"ada"}}', FORBIDDEN],
    ['an escaped __proto__ key', '{"\\u005f_proto__":1}', FORBIDDEN],
    ['a __proto__ key within', '{"username":{"x":[{"__proto__":1}]}}', FORBIDDEN],
    ['a NUL in a value', '{"username":"ada\\u0000","password":"x"}', FORBIDDEN],
    ['a NUL in a key', '{"\\u0000":1}', FORBIDDEN],
    ['a lone surrogate in a value', '{"username":"ada","password":"\\ud800"}', FORBIDDEN],
    ['a lone surrogate in a key', '{"\\udc00":1}', FORBIDDEN]
  ]
  for (const [what, payload, expected] of bodies) {
    await t.test(`that is or holds ${what} is refused`, async (t) => {
      t.strictSame(answer(await send({ headers: JSON_TYPE, payload })), expected)
    })
  }

  await t.test('is needed, with a type or without', async (t) => {
    t.strictSame(answer(await send({})), NEEDED)
    t.strictSame(answer(await send({ headers: JSON_TYPE })), NEEDED)
  })

  await t.test('with a key like those of a prototype has an unknown key', async (t) => {
    const payload = '{"constructor":{"prototype":{"x":1}},"username":"ada","password":"x"}'
    const response = await send({ headers: JSON_TYPE, payload })
    t.equal(response.statusCode, 400)
    t.match(response.json(), { code: 'VALIDATION_FAILED', errors: [{ path: '/constructor' }] })
    t.equal(({} as { x?: number }).x, undefined)
  })

  await t.test('may have 16384 bytes and no more', async (t) => {
    t.strictSame(answer(await send({ headers: JSON_TYPE, payload: RIGHT.padEnd(16_384) })), WRONG)
    t.strictSame(answer(await send({ headers: JSON_TYPE, payload: RIGHT.padEnd(16_385) })), TOO_LARGE)
  })

  await t.test('that is too large is refused before its type is', async (t) => {
    const response = await post(fastify, '/login', 'x'.repeat(20_000))
    t.strictSame(answer(response), TOO_LARGE)
  })

  for (const coding of ['gzip', 'GZIP', 'x-gzip', 'br', 'deflate', 'zstd', 'compress', 'identity, gzip', 'x', '*']) {
    await t.test(`with the content coding ${coding} is refused`, async (t) => {
      const response = await send({ headers: { ...JSON_TYPE, 'content-encoding': coding }, payload: RIGHT })
      t.strictSame(answer(response), UNSUPPORTED)
      t.equal(response.headers['accept-encoding'], 'identity')
    })
  }

  for (const coding of ['identity', 'Identity', ' identity , identity', '']) {
    await t.test(`with the content coding "${coding}" is read`, async (t) => {
      const response = await send({ headers: { ...JSON_TYPE, 'content-encoding': coding }, payload: RIGHT })
      t.strictSame(answer(response), WRONG)
    })
  }

  await t.test('with a content coding is refused after the path, the method and the token are', async (t) => {
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' }
    for (const [method, url, statusCode] of [
      ['POST', '/nowhere', 404],
      ['PUT', '/login', 405],
      ['POST', '/password/change', 401]
    ] as const) {
      t.equal((await send({ method, url, headers, payload: RIGHT })).statusCode, statusCode, url)
    }
  })

  await t.test('where none is read is ignored, whatever its type', async (t) => {
    const alive = { statusCode: 200, body: { status: 'ok' } }
    for (const headers of [JSON_TYPE, { 'content-type': 'text/xml' }]) {
      t.strictSame(answer(await fastify.inject({ url: '/health/live', headers })), alive)
      t.strictSame(answer(await fastify.inject({ url: '/health/live', headers, payload: '' })), alive)
    }
  })
})
