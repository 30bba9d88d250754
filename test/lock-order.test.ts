import { test } from 'tap'
import { sql } from '../src/database/sql.ts'
import { bearer, build, PASSWORD, post, signIn } from './helpers/app.ts'
import { appOf, enrolAsOwner } from './helpers/enrolled.ts'
import { letters, tokenOf } from './helpers/letters.ts'
import { addPasskeyTo } from './helpers/passkeys.ts'
import { textsOf } from './helpers/statements-of.ts'

/** The order in which transactions lock the rows of an account: tables of one rank in any order. */
const RANKS: [rank: number, table: string][] = [
  [1, 'users'],
  ...['totp', 'recovery_codes', 'passkeys', 'login_steps'].map((table): [number, string] => [2, table]),
  [3, 'sessions']
]

/** Whether a statement changes or locks rows of a table. */
function locks(text: string, table: string): boolean {
  const changes = new RegExp(`(?<!KEY |FOR |DO )UPDATE ${table}\\b|DELETE FROM ${table}\\b|INSERT INTO ${table}\\b`)
  const selects = new RegExp(`FROM ${table}\\b[^()]*FOR (?:NO KEY )?UPDATE`)
  return changes.test(text) || selects.test(text) || (table === 'sessions' && text.includes('FOR UPDATE OF session'))
}

/** The ranks of the tables of a transaction, in the order of their first locks. */
function ranksOf(texts: string[]): number[] {
  const first = RANKS.flatMap(([rank, table]) => {
    const index = texts.findIndex((text) => locks(text, table))
    return index < 0 ? [] : [{ rank, index }]
  })
  return first.sort((a, b) => a.index - b.index || a.rank - b.rank).map(({ rank }) => rank)
}

test('transactions lock the user, then the factors, then the sessions', async (t) => {
  const fastify = await build(t)
  const { access_token, refresh_token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
  let token = access_token
  const send = (method: 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => () =>
    fastify.inject({ method, url, headers: bearer(token), ...(payload && { payload }) })

  async function follows(what: string, request: () => Promise<{ statusCode: number; body: string }>, ranks: number[]) {
    const texts = await textsOf(fastify, async () => {
      const { statusCode, body } = await request()
      t.ok(statusCode < 300, `${what}: ${statusCode} ${body}`)
    })
    const begin = texts.findIndex((text) => text.startsWith('BEGIN'))
    const found = ranksOf(texts.slice(begin))
    t.strictSame(found, [...found].sort(), what)
    t.strictSame([...new Set(found)], ranks, `${what}: all of them`)
  }

  const { secret } = (await send('POST', '/mfa/totp')()).json()
  const show = appOf(secret)
  await follows('POST /mfa/totp/confirm', send('POST', '/mfa/totp/confirm', { totp: show() }), [1, 2, 3])
  token = (await post(fastify, '/token/refresh', { refresh_token })).json().access_token
  await follows('PATCH /mfa, not', send('PATCH', '/mfa', { required: false }), [1, 2])
  await follows('PATCH /mfa', send('PATCH', '/mfa', { required: true }), [1, 2, 3])
  await follows('POST /token/step-up', send('POST', '/token/step-up', { totp: show(1) }), [1, 2, 3])
  const { response } = await addPasskeyTo(fastify, token)
  await follows('DELETE /passkeys/:id', send('DELETE', `/passkeys/${response.json().id}`), [1, 2, 3])
  await follows('DELETE /mfa/totp', send('DELETE', '/mfa/totp'), [1, 2, 3])
  await follows('DELETE /sessions', send('DELETE', '/sessions'), [1, 3])

  await letters(fastify)
  await addPasskeyTo(fastify, token)
  await letters(fastify)
  await post(fastify, '/password/forgot', { email: 'ada@example.com' })
  const reset = { token: await tokenOf(fastify, 'reset-password'), new_password: `${PASSWORD}!`, delete_passkeys: true }
  await follows('POST /password/reset', send('POST', '/password/reset', reset), [1, 2, 3])

  const login = await post(fastify, '/login', { username: 'ada', password: `${PASSWORD}!` })
  token = login.json().access_token
  await letters(fastify)
  const asked = { new_email: 'eve@example.com', current_password: `${PASSWORD}!` }
  t.equal((await send('POST', '/email/change', asked)()).statusCode, 202)
  const confirm = await tokenOf(fastify, 'confirm-new-email')
  await post(fastify, '/email/change/confirm', { token: confirm })
  const undo = await tokenOf(fastify, 'email-changed')
  await enrolAsOwner(fastify, token)
  await letters(fastify)
  await follows('POST /email/change/undo', send('POST', '/email/change/undo', { token: undo }), [1, 2, 3])
  t.match(await fastify.database.open().query(sql`SELECT FROM totp`), { length: 0 })
})
