import { test } from 'tap'
import { Problem } from '../../../src/errors.ts'
import { parseJson } from '../../../src/http/json-body.ts'
import { refusal } from '../../helpers/app.ts'

const INVALID = 'The body is not valid JSON.'
const NOT_UTF8 = 'The body is not valid UTF-8.'
const FORBIDDEN = 'The body holds a forbidden key or character.'

/** The body that a refusal is answered with. */
function refusalOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error instanceof Problem ? error.toJSON() : error
  }
}

test('a body is read as what it says', (t) => {
  const bodies: [string, unknown][] = [
    ['{"username":"ada","password":"pässwörd 🔑"}', { username: 'ada', password: 'pässwörd 🔑' }],
    ['{"emoji":"\\ud83d\\udd11"}', { emoji: '🔑' }],
    ['{"a":{"b":[1,2.5,-3e2,true,false,null]}}', { a: { b: [1, 2.5, -300, true, false, null] } }],
    ['"a backslash and then \\\\u0000 or \\\\ud800"', 'a backslash and then \\u0000 or \\ud800'],
    [' \t\r\n"text" ', 'text'],
    ['null', null]
  ]
  for (const [body, value] of bodies) t.strictSame(parseJson(Buffer.from(body)), value, body)
  t.end()
})

const refused: [string, string | Buffer, string][] = [
  ['nothing at all', '', INVALID],
  ['a body that breaks off', '{"username":"ad', INVALID],
  ['a form', 'username=ada&password=x', INVALID],
  ['something after the end', '{} {}', INVALID],
  ['a byte order mark', '\uFEFF{}', INVALID],
  ['NaN', '{"a":NaN}', INVALID],
  ['a bare control character in a string', '{"a":"\n"}', INVALID],
  ['brackets nested without end', '['.repeat(16_000), INVALID],
  ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), NOT_UTF8],
  ['a surrogate encoded as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), NOT_UTF8],
  ['an overlong encoding', Buffer.from([0x22, 0xc0, 0x80, 0x22]), NOT_UTF8],
  ['a __proto__ key', '{"__proto__":{"admin":true}}', FORBIDDEN],
  ['a __proto__ key spelled with escapes', '{"\\u005f_proto__":1}', FORBIDDEN],
  ['a __proto__ key deep inside', '[{"a":[{"__proto__":null}]}]', FORBIDDEN],
  ['NUL in a value', '{"password":"a\\u0000b"}', FORBIDDEN],
  ['NUL in a key', '{"a\\u0000b":1}', FORBIDDEN],
  ['a lone high surrogate in a value', '{"password":"\\ud83d"}', FORBIDDEN],
  ['a lone low surrogate in a list', '["\\udd11"]', FORBIDDEN],
  ['a lone surrogate in a key', '{"\\ud83dx":1}', FORBIDDEN],
  ['NUL in the whole of it', '"\\u0000"', FORBIDDEN],
  ['NUL in a value that a second one hides', '{"a":"\\u0000","a":"b"}', FORBIDDEN],
  ['NUL after an escaped backslash', '"\\\\\\u0000"', FORBIDDEN],
  ['two high surrogates and one low', '"\\ud83d\\ud83d\\udd11"', FORBIDDEN],
  ['one high surrogate and two low', '"\\uD83D\\uDD11\\uDD11"', FORBIDDEN]
]

test('a key that means something to JavaScript alone is a key like any other', (t) => {
  const body = '{"constructor":{"prototype":1},"toString":"","hasOwnProperty":null}'
  t.equal(JSON.stringify(parseJson(Buffer.from(body))), body)
  t.end()
})

test('a body is refused for', async (t) => {
  for (const [what, body, message] of refused) {
    await t.test(what, async (t) => {
      t.strictSame(
        refusalOf(() => parseJson(Buffer.from(body as string))),
        refusal(400, 'Bad Request', 'MALFORMED_REQUEST', message)
      )
    })
  }
})

test('brackets nested as deep as a body can be are read or refused, and never more than that', (t) => {
  const depth = 16_384 / 2
  const body = Buffer.from('['.repeat(depth) + ']'.repeat(depth))
  try {
    t.ok(Array.isArray(parseJson(body)))
  } catch (error) {
    t.ok(error instanceof Problem)
  }
  t.end()
})
