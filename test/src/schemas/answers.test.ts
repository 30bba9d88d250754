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

test('the refusals of a route list its codes by status, with an example and the headers', (t) => {
  const answers = refusals(...BODY, ...BEARER, 'TOO_MANY_REQUESTS') as Record<
    string,
    { description: string; headers?: object; content: { 'application/json': { example: object } } }
  >
  t.strictSame(
    Object.entries(answers).map(([status, { description }]) => [status, description]),
    [
      ['400', 'VALIDATION_FAILED, MALFORMED_REQUEST'],
      ['401', 'TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED'],
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
  t.strictSame(answers[429]?.headers, { 'retry-after': { type: 'string', examples: ['30'] } })
  t.notOk(answers[413]?.headers)
  t.strictSame(answers[413]?.content['application/json'].example, new ProblemError('BODY_TOO_LARGE').toJSON())
  t.strictSame(answers[400]?.content['application/json'].example, {
    ...new ProblemError('VALIDATION_FAILED').toJSON(),
    errors: [{ path: '/password', message: 'is required' }]
  })
  t.strictSame(Object.keys(LONG_PATH), ['414'])
  t.end()
})
