import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { commonHeaders, rawAnswer } from '../../../src/transport/raw-response.ts'

const DENY_ALL = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

test('every answer carries the id of its request, is kept in no cache, and is no page', (t) => {
  t.strictSame(commonHeaders('the-id'), {
    'x-request-id': 'the-id',
    'cache-control': 'no-store',
    'content-security-policy': DENY_ALL,
    'x-content-type-options': 'nosniff'
  })
  t.end()
})

test('a raw answer is a whole HTTP answer with the one error body', (t) => {
  const answers: [Problem, string, string[], string][] = [
    [
      new Problem('MALFORMED_REQUEST', { statusCode: 431 }),
      'HTTP/1.1 431 Request Header Fields Too Large',
      [],
      '{"statusCode":431,"error":"Request Header Fields Too Large","code":"MALFORMED_REQUEST","message":"The request could not be read."}'
    ],
    [
      new Problem('OVERLOADED', { message: 'Später…', headers: { connection: 'close' } }),
      'HTTP/1.1 503 Service Unavailable',
      ['retry-after: 1'],
      '{"statusCode":503,"error":"Service Unavailable","code":"OVERLOADED","message":"Später…"}'
    ]
  ]
  for (const [problem, status, headers, body] of answers) {
    const before = Math.floor(Date.now() / 1000)
    const [head, ...rest] = rawAnswer(problem, 'an-id-of-8').split('\r\n\r\n')
    t.strictSame(rest, [body])
    const [statusLine, ...lines] = String(head).split('\r\n')
    const fields = new Map(lines.map((field) => field.split(': ') as [string, string]))
    t.equal(statusLine, status)
    t.equal(fields.size, lines.length, 'no header stands there twice')
    t.equal(fields.get('x-request-id'), 'an-id-of-8')
    t.ok(Date.parse(String(fields.get('date'))) / 1000 >= before)
    const stable = lines.filter((field) => !/^(?:date|x-request-id): /.test(field))
    t.strictSame(stable.sort(), [
      'cache-control: no-store',
      'connection: close',
      `content-length: ${Buffer.byteLength(body)}`,
      `content-security-policy: ${DENY_ALL}`,
      'content-type: application/json; charset=utf-8',
      ...headers,
      'x-content-type-options: nosniff'
    ])
  }
  t.end()
})
