import { test } from 'tap'
import { type Code, PROBLEMS, Problem } from '../../../src/errors.ts'
import { CURRENT_PASSWORD, EMAIL, newPassword, RECOVERY_CODE, TOTP, USERNAME } from '../../../src/pages/fields.ts'
import { describeErrors, describeProblem, describeProofErrors } from '../../../src/pages/problems.ts'
import { pageContext } from '../../helpers/page.ts'

const PAGE = pageContext()
const FIELDS = [USERNAME, EMAIL, newPassword('new_password', 8)]
const MARKED = 'Check what is marked below.'

test('a fault is described at its field, in a sentence', async (t) => {
  const fault = (path: string, message: string, rule?: string) => ({ path, message, ...(rule && { rule }) })
  const name =
    'Use 3 to 32 characters: letters from a to z, digits, dots, underscores and hyphens. Begin and end with a letter or a digit.'
  const rows: [code: Code, errors: ReturnType<typeof fault>[], fields: Record<string, string>][] = [
    ['VALIDATION_FAILED', [fault('/new_password', 'is required')], { new_password: 'Fill this in.' }],
    ['VALIDATION_FAILED', [fault('/new_password', 'must be odd')], { new_password: 'This is not valid.' }],
    [
      'VALIDATION_FAILED',
      [fault('/username', 'must have at least 3 characters'), fault('/username', 'must be letters')],
      { username: name }
    ],
    [
      'PASSWORD_REJECTED',
      [
        fault('/new_password', 'must have at least 8 characters', 'min_length'),
        fault('/new_password', 'is on the list of common passwords', 'common')
      ],
      {
        new_password:
          'The password must have at least 8 characters. This password is on a list of common ones. Choose another.'
      }
    ],
    [
      'PASSWORD_REJECTED',
      [fault('/new_password', 'is too long', 'max_bytes'), fault('/new_password', 'is a name', 'same_as_name')],
      { new_password: 'The password is too long. The password must not be your name or address.' }
    ],
    ['ACCOUNT_EXISTS', [fault('/username', 'is taken', 'taken')], { username: 'This username is taken.' }],
    ['ACCOUNT_EXISTS', [fault('/email', 'is taken', 'taken')], { email: 'Another account uses this address.' }]
  ]
  for (const [code, errors, fields] of rows) {
    t.strictSame(describeErrors(PAGE, new Problem(code, { errors }), FIELDS), { summary: MARKED, fields })
  }
})

test('wrong passwords and codes are described where they were entered', async (t) => {
  const rows: [code: Code, field: Parameters<typeof describeErrors>[2][number], text: string][] = [
    ['INVALID_CREDENTIALS', CURRENT_PASSWORD, 'The password is wrong.'],
    ['MFA_CODE_INVALID', TOTP, 'This code is wrong, or was already used.'],
    ['MFA_CODE_INVALID', RECOVERY_CODE, 'This code is wrong, or was already used.']
  ]
  for (const [code, field, text] of rows) {
    t.strictSame(describeErrors(PAGE, new Problem(code), [field]), { summary: MARKED, fields: { [field.name]: text } })
    t.strictSame(describeErrors(PAGE, new Problem(code), FIELDS).fields, {})
  }
})

test('everything else is described in sentences without words of the API', async (t) => {
  for (const code of Object.keys(PROBLEMS) as Code[]) {
    const problem = new Problem(code, { errors: [{ path: '/other', message: 'is <odd>' }] })
    const { summary, fields } = describeErrors(PAGE, problem, FIELDS)
    t.strictSame(fields, {}, code)
    t.match(summary, /^[A-Z][^<>_{}]*\.$/, code)
    t.notMatch(summary, /schema|odd|body|database|NaN/i, code)
  }
})

test('a limit says when to try again, rounded up', async (t) => {
  const rows: [seconds: string, words: string][] = [
    ['1', '1 second'],
    ['30', '30 seconds'],
    ['60', '1 minute'],
    ['61', '2 minutes'],
    ['3599', '60 minutes'],
    ['3600', '1 hour'],
    ['3601', '2 hours']
  ]
  for (const [seconds, words] of rows) {
    const problem = new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': seconds } })
    t.equal(describeProblem(PAGE, problem), `There were too many attempts. Try again in ${words}.`)
  }
  t.equal(describeProblem(PAGE, new Problem('OVERLOADED')), 'The service is busy at the moment. Try again in 1 second.')
})

test('of several proofs, only the one that was tried is marked', async (t) => {
  const code = 'This code is wrong, or was already used.'
  const marked = (problem: Problem, answers: object) => describeProofErrors(PAGE, problem, { ...answers })
  const wrong = new Problem('MFA_CODE_INVALID')
  t.strictSame(marked(wrong, { totp: '1', more: 'x' }), { summary: MARKED, fields: { totp: code } })
  t.strictSame(marked(wrong, { recovery_code: '1' }), { summary: MARKED, fields: { recovery_code: code } })
  t.strictSame(marked(wrong, {}), { summary: code, fields: {} })
  const refused = 'This passkey was not accepted. Try again, or go on another way.'
  t.strictSame(marked(wrong, { credential: {} }), { summary: refused, fields: {} })
  t.strictSame(marked(new Problem('INVALID_CREDENTIALS'), { password: 'x' }), {
    summary: MARKED,
    fields: { password: 'The password is wrong.' }
  })
})
