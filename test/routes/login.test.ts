import { test } from 'tap'
import { answer, build, PASSWORD, post, refusal, signIn } from '../helper.ts'

const WRONG = refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')

test('POST /login', async (t) => {
  const fastify = await build(t)
  await signIn(fastify, { username: 'Ada', email: 'Ada@Example.com' })

  await t.test('answers with tokens for either name, in any letter case', async (t) => {
    for (const name of [{ username: 'aDA' }, { email: 'ada@example.COM' }]) {
      const response = await post(fastify, '/login', { ...name, password: PASSWORD })
      t.equal(response.statusCode, 200)
      t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
      t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in', 'refresh_token'])
      t.match(response.json(), {
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: /^[\w-]{22}\.[\w-]{22}\.[\w-]{43}$/
      })
    }
  })

  const refused = [
    ['an unknown name', { username: 'nobody', password: PASSWORD }],
    ['a wrong password', { username: 'ada', password: 'wrong' }],
    ['the right password with a letter in another case', { username: 'ada', password: PASSWORD.toUpperCase() }],
    [
      'a password that begins like the right one and is longer than bcrypt sees',
      { username: 'ada', password: PASSWORD.padEnd(80) }
    ],
    ['an email in place of the username', { username: 'ada@example.com', password: PASSWORD }],
    ['the shortest name and password', { username: 'x', password: 'x' }],
    ['the longest name and password', { username: 'x'.repeat(254), password: 'é'.repeat(1024) }]
  ] as const
  for (const [what, payload] of refused) {
    await t.test(`refuses ${what}`, async (t) => {
      const response = await post(fastify, '/login', payload)
      t.strictSame(answer(response), { statusCode: 401, body: WRONG })
      t.equal(response.headers['www-authenticate'], 'Bearer')
    })
  }
})
