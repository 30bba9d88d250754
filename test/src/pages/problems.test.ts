import { test } from 'tap'
import { type Code, PROBLEMS, Problem } from '../../../src/errors.ts'
import { CURRENT_PASSWORD, NEW_PASSWORD, USERNAME } from '../../../src/pages/fields.ts'
import { describeErrors } from '../../../src/pages/problems.ts'

const FIELDS = [USERNAME, NEW_PASSWORD]
const MARKED = 'Check what is marked below.'

test('a fault is told at its field, in a sentence', (t) => {
  const fault = (path: string, message: string, rule?: string) => ({ path, message, ...(rule && { rule }) })
  const rows: [code: Code, errors: ReturnType<typeof fault>[], fields: Record<string, string>][] = [
    ['VALIDATION_FAILED', [fault('/new_password', 'is required')], { new_password: 'Enter the new password.' }],
    [
      'VALIDATION_FAILED',
      [fault('/username', 'must have at least 3 characters'), fault('/username', 'must be letters')],
      { username: 'The username must have at least 3 characters. The username must be letters.' }
    ],
    [
      'PASSWORD_REJECTED',
      [
        fault('/new_password', 'must have at most 72 bytes in UTF-8', 'max_bytes'),
        fault('/new_password', 'is on the list of common passwords', 'common')
      ],
      { new_password: 'The new password is too long. The new password is on the list of common passwords.' }
    ],
    ['ACCOUNT_EXISTS', [fault('/username', 'is taken', 'taken')], { username: 'The username is taken.' }]
  ]
  for (const [code, errors, fields] of rows) {
    t.strictSame(describeErrors(new Problem(code, { errors }), FIELDS), { summary: MARKED, fields })
  }
  t.end()
})

test('a wrong password is told where it was asked for', (t) => {
  const problem = new Problem('INVALID_CREDENTIALS')
  t.strictSame(describeErrors(problem, [CURRENT_PASSWORD]), {
    summary: MARKED,
    fields: { password: 'The password is wrong.' }
  })
  t.strictSame(describeErrors(problem, FIELDS).fields, {})
  t.end()
})

test('everything else is told in a sentence or two, which no schema has written', (t) => {
  for (const code of Object.keys(PROBLEMS) as Code[]) {
    const { summary, fields } = describeErrors(
      new Problem(code, { errors: [{ path: '/other', message: 'is <odd>' }] }),
      FIELDS
    )
    t.strictSame(fields, {}, code)
    t.match(summary, /^[A-Z][^<>_]*\.$/, code)
    t.notMatch(summary, /schema|odd|body|database|NaN/i, code)
  }
  t.end()
})

test('who has to wait is told for how long, rounded up', (t) => {
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
    t.equal(describeErrors(problem, []).summary, `There were too many attempts. Try again in ${words}.`)
  }
  t.equal(
    describeErrors(new Problem('OVERLOADED'), []).summary,
    'The service is busy at the moment. Try again in 1 second.'
  )
  t.end()
})
