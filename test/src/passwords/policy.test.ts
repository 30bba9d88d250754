import { dictionary } from '@zxcvbn-ts/language-common'
import { test } from 'tap'
import type { Fault } from '../../../src/errors.ts'
import { normalize, validatePassword } from '../../../src/passwords/policy.ts'

const fault = (rule: string, message: string): Fault => ({ path: '/password', rule, message })
const TOO_SHORT = fault('min_length', 'must have at least 8 characters')
const TOO_LONG = fault('max_bytes', 'must have at most 72 bytes in UTF-8')
const COMMON = fault('common', 'is on the list of common passwords')
const SAME = fault('same_as_name', 'must not be the username or email')
const NAMES = ['Ada.Lovelace', 'Ada@Example.com']

const judged: [string, string, Fault[]][] = [
  ['eight characters', 'k7#pQz!m', []],
  ['seven characters', 'k7#pQz!', [TOO_SHORT]],
  ['nothing', '', [TOO_SHORT]],
  ['eight code points of two UTF-16 units each', '🔑'.repeat(8), []],
  ['seven code points of two UTF-16 units each', '🔑'.repeat(7), [TOO_SHORT]],
  ['spaces at either end, which count', '  k7#pQ  ', []],
  ['72 bytes', 'ab'.repeat(36), []],
  ['73 bytes', `${'ab'.repeat(36)}c`, [TOO_LONG]],
  ['37 letters of two bytes each', 'é'.repeat(37), [TOO_LONG]],
  ['a common one', 'password', [COMMON]],
  ['a common one in capitals', 'PassWord', [COMMON]],
  ['a common one that is also short', '123456', [TOO_SHORT, COMMON]],
  ['a common one with something after it', 'password of mine', []],
  ['a digit again and again', '00000000', [COMMON]],
  ['digits in a pattern', '123123123', [COMMON]],
  ['digits that count', '0123456789', [COMMON]],
  ['digits that count down', '87654321', [COMMON]],
  ['digits in no order', '84206193', []],
  ['digits in a pattern that is longer than people type', '0'.repeat(13), []],
  ['the username', 'Ada.Lovelace', [SAME]],
  ['the username in another letter case', 'ADA.lovelace', [SAME]],
  ['the email in another letter case', 'ada@example.COM', [SAME]],
  ['more than the username', 'Ada.Lovelace1815', []]
]

test('a password of more than 1,024 characters is rejected before normalization', async (t) => {
  const long = fault('max_bytes', 'must have at most 72 bytes in UTF-8')
  for (const password of ['x'.repeat(1025), '\u0301\u0316'.repeat(5000), '😀'.repeat(513)]) {
    t.strictSame(validatePassword(password, 8, [password]), [long])
  }
  const untouchable = { length: 1025 } as unknown as string
  t.strictSame(validatePassword(untouchable, 8, []), [long])
  const decomposed = '\u03b1\u0313\u0300\u0345'.repeat(24)
  t.strictSame(validatePassword(decomposed, 8, []), [], 'NFC makes 72 bytes of 216')
})

test('a new password is validated that is', async (t) => {
  for (const [what, password, faults] of judged) {
    await t.test(what, async (t) => t.strictSame(validatePassword(password, 8, NAMES), faults))
  }
})

// OWASP ASVS 5.0 §6.2.4: at least the 3,000 most common passwords that are long enough.
test('thousands of common passwords are long enough to be rejected as common', (t) => {
  const longEnough = dictionary['passwords-common'].filter((password) => password.length >= 8).slice(0, 3000)
  t.equal(longEnough.length, 3000)
  const others = longEnough.filter((password) => validatePassword(password, 8, [])[0]?.rule !== 'common')
  t.strictSame(others, [])
  t.end()
})

test('the minimum length is configurable', (t) => {
  t.strictSame(validatePassword('k7#pQz!mW2&x', 12, []), [])
  t.strictSame(validatePassword('k7#pQz!mW2&', 12, []), [fault('min_length', 'must have at least 12 characters')])
  t.end()
})

test('a missing name is ignored', (t) => {
  t.strictSame(validatePassword('undefined', 8, [undefined, 'ada']), [])
  t.end()
})

test('a name of null is ignored', (t) => {
  t.strictSame(validatePassword('null and void', 8, [null, 'ada']), [])
  t.end()
})

test('every fault has the path of the password', (t) => {
  t.strictSame(validatePassword('123456', 8, ['123456'], '/new_password'), [
    { ...TOO_SHORT, path: '/new_password' },
    { ...COMMON, path: '/new_password' },
    { ...SAME, path: '/new_password' }
  ])
  t.end()
})

test('composed and decomposed letters are the same password', (t) => {
  t.equal(normalize('pa\u0308sswo\u0308rd'), 'pässwörd'.normalize('NFC'))
  t.equal(normalize('  as it is  '), '  as it is  ')
  t.equal(normalize('ﬁ'), 'ﬁ', 'compatible characters stay apart')
  t.end()
})
