import { test } from 'tap'
import { type Code, PROBLEMS, Problem, stepUpChallenge } from '../../src/errors.ts'

test('a problem of each code has its status, message and headers', (t) => {
  const bearer = { 'www-authenticate': 'Bearer' }
  const invalidToken = { 'www-authenticate': 'Bearer error="invalid_token"' }
  const expected: [Code, number, string, Record<string, string>][] = [
    ['VALIDATION_FAILED', 400, 'Bad Request', {}],
    ['MALFORMED_REQUEST', 400, 'Bad Request', {}],
    ['PASSWORD_REJECTED', 400, 'Bad Request', {}],
    ['EMAIL_TOKEN_INVALID', 400, 'Bad Request', {}],
    ['PASSKEY_REJECTED', 400, 'Bad Request', {}],
    ['INVALID_CREDENTIALS', 401, 'Unauthorized', bearer],
    ['TOKEN_MISSING', 401, 'Unauthorized', bearer],
    ['TOKEN_INVALID', 401, 'Unauthorized', invalidToken],
    ['TOKEN_EXPIRED', 401, 'Unauthorized', invalidToken],
    ['MFA_TOKEN_INVALID', 401, 'Unauthorized', bearer],
    ['MFA_CODE_INVALID', 401, 'Unauthorized', bearer],
    ['STEP_UP_REQUIRED', 401, 'Unauthorized', { 'www-authenticate': stepUpChallenge(600) }],
    ['PASSKEY_UNKNOWN', 401, 'Unauthorized', bearer],
    ['PASSKEY_INVALID', 401, 'Unauthorized', bearer],
    ['REFRESH_TOKEN_INVALID', 401, 'Unauthorized', bearer],
    ['EMAIL_UNVERIFIED', 403, 'Forbidden', {}],
    ['MFA_REQUIRED', 403, 'Forbidden', {}],
    ['FORBIDDEN', 403, 'Forbidden', {}],
    ['ROLE_PROTECTED', 403, 'Forbidden', {}],
    ['NOT_FOUND', 404, 'Not Found', {}],
    ['METHOD_NOT_ALLOWED', 405, 'Method Not Allowed', {}],
    ['ACCOUNT_EXISTS', 409, 'Conflict', {}],
    ['IDENTITY_TAKEN', 409, 'Conflict', {}],
    ['LAST_ADMIN', 409, 'Conflict', {}],
    ['LAST_CREDENTIAL', 409, 'Conflict', {}],
    ['BODY_TOO_LARGE', 413, 'Payload Too Large', {}],
    ['UNSUPPORTED_MEDIA_TYPE', 415, 'Unsupported Media Type', {}],
    ['TOO_MANY_REQUESTS', 429, 'Too Many Requests', { 'retry-after': '30' }],
    ['INTERNAL', 500, 'Internal Server Error', {}],
    ['OVERLOADED', 503, 'Service Unavailable', { 'retry-after': '1' }],
    ['DATABASE_UNAVAILABLE', 503, 'Service Unavailable', { 'retry-after': '2' }],
    ['MAIL_UNAVAILABLE', 503, 'Service Unavailable', { 'retry-after': '3600' }]
  ]
  for (const [code, statusCode, error, headers] of expected) {
    const problem = new Problem(code)
    t.strictSame(problem.toJSON(), { statusCode, error, code, message: PROBLEMS[code].message })
    t.strictSame(problem.headers, headers, `the headers of ${code}`)
  }
  t.end()
})

test('every 401 carries a challenge, and every 429 and 503 says when to try again', (t) => {
  for (const code of Object.keys(PROBLEMS) as Code[]) {
    const { statusCode, headers } = new Problem(code)
    t.equal('www-authenticate' in headers, statusCode === 401, code)
    t.equal('retry-after' in headers, statusCode === 429 || statusCode === 503, code)
  }
  t.end()
})

test('a problem may say more than its code does', (t) => {
  const cause = new Error('relation "users" does not exist')
  const errors = [{ path: '/username', message: 'is taken', rule: 'taken' }]
  const headers = { connection: 'close' }
  const problem = new Problem('OVERLOADED', { message: 'Not now.', errors, statusCode: 504, headers, cause })

  t.strictSame(problem.toJSON(), {
    statusCode: 504,
    error: 'Gateway Timeout',
    code: 'OVERLOADED',
    message: 'Not now.',
    errors
  })
  t.strictSame(problem.headers, { 'retry-after': '1', connection: 'close' })
  t.equal(problem.cause, cause)
  t.equal(problem.name, 'Problem')
  t.ok(problem instanceof Error)
  t.end()
})

test('a problem may say what has to be proven', (t) => {
  const challenge = {
    factors: ['totp', 'passkey'],
    expires_in: 300,
    mfa_token: 'x',
    public_key: { rpId: 'x' }
  } as const
  const problem = new Problem('MFA_REQUIRED', { challenge: { ...challenge, factors: [...challenge.factors] } })
  t.strictSame(problem.toJSON(), {
    statusCode: 403,
    error: 'Forbidden',
    code: 'MFA_REQUIRED',
    message: 'A second step is needed to sign in.',
    challenge
  })
  t.end()
})

test('the challenge of a step-up is that of RFC 9470', (t) => {
  const error = 'Bearer error="insufficient_user_authentication", max_age='
  t.equal(stepUpChallenge(600), `${error}600`)
  t.equal(stepUpChallenge(60, 'aal2'), `${error}60, acr_values="aal2"`)
  t.end()
})

test('the cause of a problem is no part of its body', (t) => {
  const body = JSON.stringify(new Problem('INTERNAL', { cause: new Error('relation "users" does not exist') }))
  t.equal(
    body,
    '{"statusCode":500,"error":"Internal Server Error","code":"INTERNAL","message":"Something went wrong on our side."}'
  )
  t.end()
})
