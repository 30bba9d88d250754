import { test } from 'tap'
import { type Code, Problem, problemOf } from '../src/problem.ts'

test('each refusal has the body and the challenge of the service', async (t) => {
  const cases: [code: Code, statusCode: number, error: string, message: string, challenge?: string][] = [
    ['TOKEN_MISSING', 401, 'Unauthorized', 'A bearer token is needed here.', 'Bearer'],
    ['TOKEN_INVALID', 401, 'Unauthorized', 'The token is not valid.', 'Bearer error="invalid_token"'],
    ['TOKEN_EXPIRED', 401, 'Unauthorized', 'The token has expired.', 'Bearer error="invalid_token"'],
    ['FORBIDDEN', 403, 'Forbidden', 'That is not allowed.', 'Bearer error="insufficient_scope"'],
    ['KEYS_UNAVAILABLE', 503, 'Service Unavailable', 'Tokens cannot be verified now; try again shortly.']
  ]
  for (const [code, statusCode, error, message, challenge] of cases) {
    const problem = new Problem(code)
    t.strictSame(problem.toJSON(), { statusCode, error, code, message })
    t.strictSame(problem.headers, {
      'cache-control': 'no-store',
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge })
    })
    t.match(problem, { name: 'Problem', code, statusCode, message })
  }
})

test('only a refusal is answered as one', async (t) => {
  const problem = new Problem('FORBIDDEN')
  t.equal(problemOf(problem), problem)
  const fault = new RangeError('a fault of ours')
  t.throws(() => problemOf(fault), fault)
})
