import { test } from 'tap'
import { PROBLEMS, Problem as ProblemError } from '../../../src/errors.ts'
import {
  ACCEPTED,
  BEARER,
  BODY,
  Identified,
  LONG_PATH,
  MAIL_ASKED,
  NoBody,
  Nothing,
  Problem,
  REFUSALS,
  refusals
} from '../../../src/schemas/answers.ts'
import { validator } from '../../helpers/schemas.ts'

test('requests without parameters, or with an id', (t) => {
  t.strictSame(validator(Nothing)({}), [])
  t.strictSame(validator(Nothing)({ a: '1' }), ['/a is not a known key'])
  for (const body of [null, {}]) t.strictSame(validator(NoBody)(body), [])
  t.strictSame(validator(NoBody)({ a: 1 }), ['/a is not a known key'])
  t.strictSame(validator(Identified)({ id: '0198a3c2-7f00-7000-8000-000000000001' }), [])
  t.strictSame(validator(Identified)({ id: '1' }), ['/id must be a UUID'])
  t.end()
})

test('the error body of each code fits its schema', (t) => {
  const faultsOf = validator(Problem)
  for (const code of Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[]) {
    t.strictSame(faultsOf(new ProblemError(code).toJSON()), [], code)
  }
  const errors = [{ path: '/password', message: 'is too common', rule: 'common' }]
  t.strictSame(faultsOf(new ProblemError('PASSWORD_REJECTED', { errors }).toJSON()), [])
  const body = new ProblemError('NOT_FOUND').toJSON()
  t.equal(faultsOf({ ...body, code: 'ELSEWHERE' }).length, 1)
  t.strictSame(faultsOf({ ...body, cause: 'x' }), ['/cause is not a known key'])
  t.end()
})

test('a request for a mail has one answer', (t) => {
  t.strictSame(validator(ACCEPTED[202])(MAIL_ASKED), [])
  t.strictSame(validator(ACCEPTED[202])({ ...MAIL_ASKED, sent: true }), ['/sent is not a known key'])
  t.end()
})

test('the refusals of a route list its codes by status, with an example of each and the headers', (t) => {
  const answers = refusals(...BODY, ...BEARER, 'STEP_UP_REQUIRED', 'TOO_MANY_REQUESTS')
  t.strictSame(
    Object.entries(answers).map(([status, { description }]) => [status, description]),
    [
      ['400', 'VALIDATION_FAILED, MALFORMED_REQUEST'],
      ['401', 'TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, STEP_UP_REQUIRED'],
      ['408', 'MALFORMED_REQUEST'],
      ['413', 'BODY_TOO_LARGE'],
      ['415', 'UNSUPPORTED_MEDIA_TYPE'],
      ['417', 'MALFORMED_REQUEST'],
      ['429', 'TOO_MANY_REQUESTS'],
      ['431', 'MALFORMED_REQUEST'],
      ['500', 'INTERNAL'],
      ['503', 'OVERLOADED']
    ]
  )
  const headersOf = (status: number) => answers[status]?.headers
  t.strictSame(headersOf(429), { 'retry-after': { type: 'string', examples: ['30'] } })
  t.strictSame(headersOf(401), {
    'www-authenticate': {
      type: 'string',
      examples: [
        'Bearer',
        'Bearer error="invalid_token"',
        'Bearer error="insufficient_user_authentication", max_age=600',
        'Bearer error="insufficient_user_authentication", max_age=600, acr_values="aal2"'
      ]
    }
  })
  t.notOk(headersOf(413))
  const examplesOf = (status: number) => answers[status]?.content['application/json'].examples
  t.strictSame(examplesOf(400), {
    VALIDATION_FAILED: { $ref: '#/components/examples/VALIDATION_FAILED' },
    MALFORMED_REQUEST: { $ref: '#/components/examples/MALFORMED_REQUEST' }
  })
  t.strictSame(examplesOf(408), { MALFORMED_REQUEST: { $ref: '#/components/examples/MALFORMED_REQUEST_408' } })
  t.strictSame(Object.keys(LONG_PATH), ['414'])
  t.end()
})

test('the example of a refusal is its error body', (t) => {
  const faultsOf = validator(Problem)
  for (const [name, { value }] of Object.entries<{ value: { code: string } }>(REFUSALS)) {
    t.strictSame(faultsOf(value), [], name)
    t.ok(name.startsWith(value.code), name)
  }
  const bodyOf = (...given: ConstructorParameters<typeof ProblemError>) => ({
    value: new ProblemError(...given).toJSON()
  })
  const challenge = { factors: ['totp' as const, 'recovery_code' as const], expires_in: 300 }
  t.strictSame(REFUSALS.BODY_TOO_LARGE, bodyOf('BODY_TOO_LARGE'))
  t.strictSame(REFUSALS.MALFORMED_REQUEST_414, bodyOf('MALFORMED_REQUEST', { statusCode: 414 }))
  t.strictSame(
    REFUSALS.VALIDATION_FAILED,
    bodyOf('VALIDATION_FAILED', { errors: [{ path: '/password', message: 'is required' }] })
  )
  t.strictSame(REFUSALS.STEP_UP_REQUIRED, bodyOf('STEP_UP_REQUIRED', { challenge }))
  t.match(REFUSALS.MFA_REQUIRED, { value: { challenge: { ...challenge, mfa_token: /^[\w-]{43}$/ } } })
  t.end()
})
