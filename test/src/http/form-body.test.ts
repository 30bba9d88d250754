import { test } from 'tap'
import type { Problem } from '../../../src/errors.ts'
import { parseForm } from '../../../src/http/form-body.ts'
import { refusal } from '../../helpers/app.ts'

const MALFORMED = refusal(400, 'Bad Request', 'MALFORMED_REQUEST', 'The body is not a valid form.')

test('a form', async (t) => {
  const forms: [what: string, body: string | Buffer, read: Record<string, string>][] = [
    ['nothing', '', {}],
    ['one parameter', 'token=abc', { token: 'abc' }],
    ['several', 'token=abc&token_type_hint=access_token', { token: 'abc', token_type_hint: 'access_token' }],
    ['empty pairs', '&token=abc&&', { token: 'abc' }],
    ['no value', 'token', { token: '' }],
    ['an empty value', 'token=', { token: '' }],
    ['no name', '=x', { '': 'x' }],
    ['an equals sign in a value', 'token=a=b=', { token: 'a=b=' }],
    ['plus signs and escapes', 'a+b=c+d%2B%20%3d%26', { 'a b': 'c d+ =&' }],
    ['escaped UTF-8', 'token=%E2%82%AC', { token: '€' }],
    ['UTF-8 as it is', Buffer.from('token=€'), { token: '€' }],
    ['names of the language', 'constructor=1&toString=2', { constructor: '1', toString: '2' } as never]
  ]
  for (const [what, body, read] of forms) {
    await t.test(`is read with ${what}`, async (t) => {
      t.strictSame({ ...parseForm(Buffer.from(body)) }, read)
    })
  }

  const refused: [what: string, body: string | Buffer][] = [
    ['a parameter twice', 'token=a&token=b'],
    ['a parameter twice, once escaped', 'token=a&t%6fken=b'],
    ['a __proto__ key', '__proto__=x'],
    ['an escaped __proto__ key', '%5f_proto__=x'],
    ['a NUL', 'token=a%00b'],
    ['a NUL as it is', 'token=a\0b'],
    ['a NUL in a name', 'to%00ken=x'],
    ['half an escape', 'token=%2'],
    ['an escape of nothing', 'token=%'],
    ['an escape that is none', 'token=%zz'],
    ['escaped bytes that are no UTF-8', 'token=%ff'],
    ['an escaped surrogate', 'token=%ED%A0%80'],
    ['bytes that are no UTF-8', Buffer.from([0x61, 0x3d, 0xff])]
  ]
  for (const [what, body] of refused) {
    await t.test(`is refused with ${what}`, async (t) => {
      try {
        parseForm(Buffer.from(body))
        t.fail('was read')
      } catch (problem) {
        t.strictSame((problem as Problem).toJSON(), MALFORMED)
      }
    })
  }
})
