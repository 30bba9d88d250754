import { test } from 'tap'
import { answer, BEARER, bearer, build, INVALID_TOKEN, refusal } from '../../helpers/app.ts'

const USER = { id: '01890a5d-ac96-774b-bcce-b302099a8057', username: 'ada' }
const WELCOME = { statusCode: 200, body: { message: 'Hello ada, this is the secret.' } }
const MISSING = refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
const INVALID = refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')

test('a route behind authenticate', async (t) => {
  const fastify = await build(t)
  const token = fastify.tokens.issue(USER, 'a session')
  const ask = (headers: Record<string, string>, more = {}) => fastify.inject({ url: '/secret', headers, ...more })

  const accepted: [string, Record<string, string>][] = [
    ['as it is', bearer(token)],
    ['seen before', bearer(token)],
    ['with the scheme in small letters', { authorization: `bearer ${token}` }],
    ['with the scheme in capitals', { authorization: `BEARER ${token}` }],
    ['with more than one space', { authorization: `Bearer   ${token}  ` }]
  ]
  for (const [what, headers] of accepted) {
    await t.test(`takes a token ${what}`, async (t) => t.strictSame(answer(await ask(headers)), WELCOME))
  }

  const missing: [string, Record<string, string>][] = [
    ['no header', {}],
    ['an empty header', { authorization: '' }],
    ['the scheme Basic', { authorization: 'Basic YWRhOnBhc3N3b3Jk' }],
    ['the scheme DPoP', { authorization: `DPoP ${token}` }],
    ['a scheme that only begins like Bearer', { authorization: `Bearers ${token}` }],
    ['the token without a scheme', { authorization: token }],
    ['the token in a cookie', { cookie: `access_token=${token}` }]
  ]
  for (const [what, headers] of missing) {
    await t.test(`asks for a token at ${what}`, async (t) => {
      const response = await ask(headers)
      t.strictSame(answer(response), { statusCode: 401, body: MISSING })
      t.match(response.headers, BEARER)
      t.notMatch(response.headers['www-authenticate'], 'error')
    })
  }

  const invalid: [string, Record<string, string>][] = [
    ['Bearer and nothing', { authorization: 'Bearer' }],
    ['Bearer and a space', { authorization: 'Bearer ' }],
    ['Bearer and rubbish', { authorization: 'Bearer rubbish' }],
    ['two tokens', { authorization: `Bearer ${token}, Bearer ${token}` }]
  ]
  for (const [what, headers] of invalid) {
    await t.test(`refuses ${what}`, async (t) => {
      const response = await ask(headers)
      t.strictSame(answer(response), { statusCode: 401, body: INVALID })
      t.match(response.headers, INVALID_TOKEN)
    })
  }

  await t.test('does not take a token from the query', async (t) => {
    const response = await fastify.inject(`/secret?access_token=${token}`)
    t.strictSame(answer(response), { statusCode: 401, body: MISSING })
  })

  await t.test('asks who is there before it looks at anything else', async (t) => {
    const oversized = { 'content-type': 'application/json', 'content-length': '20000' }
    const requests: [string, object][] = [
      ['an unknown key in the query', { url: '/secret?x=1', headers: {} }],
      ['a body that is too large', { headers: oversized, payload: 'x'.repeat(20_000) }],
      ['a body that is no JSON', { headers: { 'content-type': 'application/json' }, payload: '{' }],
      ['a body of another type', { headers: { 'content-type': 'text/xml' }, payload: '<x/>' }]
    ]
    for (const [what, request] of requests) {
      t.strictSame(answer(await ask({}, request)), { statusCode: 401, body: MISSING }, what)
    }
    const response = await fastify.inject({ url: '/secret?x=1', headers: bearer(token) })
    t.strictSame(answer(response), {
      statusCode: 400,
      body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
        { path: '/x', message: 'is not a known key' }
      ])
    })
  })
})
