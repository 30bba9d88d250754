import { test } from 'tap'
import { cannotReach, LatchkeyError, readAnswer } from '../src/error.ts'
import { caught, json, refuse } from './browser.ts'

const NOTHING = { errors: [], challenge: undefined, name: 'LatchkeyError' }

test('returns the body of a success', async (t) => {
  t.strictSame(await readAnswer(json(200, { a: 1 })), { a: 1 })
  t.equal(await readAnswer(json(204, undefined)), undefined)
})

test('throws what the service, or something in front of it, refused', async (t) => {
  const unexpected = { code: 'UNEXPECTED_ANSWER', message: 'UNEXPECTED_ANSWER', retryAfter: undefined, ...NOTHING }
  for (const [answer, expected] of [
    [
      refuse(409, 'ACCOUNT_EXISTS', {}, { errors: [{ path: '/email', message: 'taken', rule: 'taken' }] }),
      {
        ...NOTHING,
        status: 409,
        code: 'ACCOUNT_EXISTS',
        message: 'about ACCOUNT_EXISTS',
        retryAfter: undefined,
        errors: [{ path: '/email', message: 'taken', rule: 'taken' }]
      }
    ],
    [
      refuse(503, 'OVERLOADED', { 'retry-after': '0' }),
      { ...NOTHING, status: 503, code: 'OVERLOADED', message: 'about OVERLOADED', retryAfter: 0 }
    ],
    [json(429, { code: 5 }, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }), { status: 429, ...unexpected }],
    ...['-1', '1e9', '0x10', '1.5', '1, 2', ''].map((wait) => [
      json(429, null, { 'retry-after': wait }),
      { status: 429, ...unexpected }
    ]),
    [json(500, { message: 'of another service' }), { status: 500, ...unexpected }],
    [json(404, null), { status: 404, ...unexpected }],
    [new Response('<h1>Bad gateway</h1>', { status: 502 }), { status: 502, ...unexpected }],
    [new Response('<h1>Welcome</h1>'), { status: 200, ...unexpected }],
    [new Response('', { status: 401 }), { status: 401, ...unexpected }]
  ] as [Response, object][]) {
    t.strictSame(await caught(readAnswer(answer)), expected)
  }
})

test('an answer that breaks off is none', async (t) => {
  const body = new ReadableStream({
    pull: (controller) => controller.error(new TypeError('terminated'))
  })
  const error = await readAnswer(new Response(body)).catch((error) => error)
  t.ok(error instanceof LatchkeyError)
  t.match(error, { status: 0, code: 'NETWORK', cause: { message: 'terminated' } })
})

test('what is known of a fault is passed on', (t) => {
  const error = new LatchkeyError(500, 'INTERNAL')
  t.throws(() => cannotReach(error), error)
  t.equal(error.message, 'INTERNAL')
  t.throws(() => cannotReach(new TypeError('Failed to fetch')), {
    ...NOTHING,
    status: 0,
    code: 'NETWORK',
    message: 'The service cannot be reached.'
  })
  t.end()
})
