import { test } from 'tap'
import { verifyAccount } from '../../../../src/admin/accounts.ts'
import { sql } from '../../../../src/database/sql.ts'
import { setEmail } from '../../../../src/flows/account-email.ts'
import { answer, bearer, build, PASSWORD, post, refusal, signIn } from '../../../helpers/app.ts'
import { letters, tokenOf } from '../../../helpers/letters.ts'
import { LAST_ADMIN } from '../../../helpers/operator.ts'
import { readPage, submit } from '../../../helpers/page.ts'

const DONE = { statusCode: 204, body: '' }
const INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is invalid, has expired, or was already used.')
}

test('POST /email/verify/reject', async (t) => {
  const fastify = await build(t)
  const reject = (token: unknown) => post(fastify, '/email/verify/reject', { token })
  const verify = (token: string) => post(fastify, '/email/verify', { token, password: PASSWORD })
  const me = async (token: string) => (await fastify.inject({ url: '/me', headers: bearer(token) })).json()
  const begin = async (names: { username?: string; email: string }) => ({
    ...(await signIn(fastify, names)),
    token: await tokenOf(fastify, 'verify-email')
  })

  await t.test('deletes an account that has no other name, with its sessions', async (t) => {
    const { access_token, refresh_token, token, user } = await begin({ email: 'ada@example.com' })
    const response = await reject(token)
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.match(await me(access_token), { code: 'TOKEN_INVALID' })
    t.match((await post(fastify, '/token/refresh', { refresh_token })).json(), { code: 'REFRESH_TOKEN_INVALID' })
    t.strictSame(await fastify.database.open().query(sql`SELECT FROM users WHERE id = ${user.id}`), [])
    t.strictSame(answer(await reject(token)), INVALID, 'once')
    t.strictSame(answer(await verify(token)), INVALID)
    const { token: next } = await begin({ email: 'ada@example.com' })
    t.strictSame(answer(await verify(next)), DONE, 'and the address is free for its owner')
  })

  await t.test('takes the address off an account that has a username', async (t) => {
    const { access_token, token, user } = await begin({ username: 'grace', email: 'grace@example.com' })
    t.strictSame(answer(await reject(token)), DONE)
    t.strictSame(await me(access_token), { ...user, email: null })
    t.strictSame(answer(await reject(token)), INVALID, 'once')
    t.strictSame(answer(await verify(token)), INVALID)
    for (const path of ['/email/resend', '/password/forgot']) await post(fastify, path, { email: 'grace@example.com' })
    t.strictSame(await letters(fastify), [], 'and nothing is sent there any more')
  })

  await t.test('leaves an address that is verified, by this token or otherwise', async (t) => {
    const { access_token, token } = await begin({ email: 'eve@example.com' })
    t.strictSame(answer(await verify(token)), DONE)
    t.strictSame(answer(await reject(token)), INVALID)
    t.match(await me(access_token), { email: 'eve@example.com', email_verified: true })

    const { token: unused } = await begin({ email: 'joan@example.com' })
    await post(fastify, '/password/forgot', { email: 'joan@example.com' })
    const reset = { token: await tokenOf(fastify, 'reset-password'), new_password: `${PASSWORD}!` }
    t.equal((await post(fastify, '/password/reset', reset)).statusCode, 204)
    t.strictSame(answer(await reject(unused)), INVALID)
    t.equal((await post(fastify, '/login', { email: 'joan@example.com', password: `${PASSWORD}!` })).statusCode, 200)
    await letters(fastify)
  })

  await t.test('neither deletes nor disables the last administrator, and keeps the link', async (t) => {
    const { token, user } = await begin({ email: 'root@example.com' })
    const database = fastify.database.open()
    const setRoles = (roles: string[]) => database.query(sql`UPDATE users SET roles = ${roles} WHERE id = ${user.id}`)
    await setRoles(['admin'])
    t.strictSame(answer(await reject(token)), LAST_ADMIN)
    const page = await submit(fastify, '/pages/email/verify/reject', { token })
    t.match(readPage(page), {
      statusCode: 409,
      text: /This account is the last administrator\. Another account must have this role first\./,
      inputs: ['token']
    })
    await fastify.audit.flush()
    const refused = (route: string) => ({ actor: 'client', account: user.id, detail: { reason: 'last admin', route } })
    t.strictSame(
      await database.query(sql`SELECT actor, account, detail FROM audit WHERE action = 'admin refused' ORDER BY seq`),
      [refused('POST /email/verify/reject'), refused('POST /pages/email/verify/reject')]
    )
    await setRoles([])
    t.strictSame(answer(await reject(token)), DONE)
  })

  await t.test('and a verification at once have one winner', async (t) => {
    for (let round = 0; round < 4; round++) {
      const { token, user } = await begin({ username: `both.${round}`, email: `both.${round}@example.com` })
      const [rejected, verified] = await Promise.all([reject(token), verify(token)])
      t.strictSame([rejected.statusCode, verified.statusCode].sort(), [204, 400])
      const [row] = await fastify.database
        .open()
        .query(sql`SELECT email, email_verified FROM users WHERE id = ${user.id}`)
      const kept = { email: `both.${round}@example.com`, email_verified: true }
      t.strictSame(row, verified.statusCode === 204 ? kept : { email: null, email_verified: false })
    }
  })

  await t.test('is recorded', async (t) => {
    await fastify.audit.flush()
    const records = await fastify.database
      .open()
      .query(sql`SELECT detail FROM audit WHERE action = 'email rejected' ORDER BY seq LIMIT 2`)
    t.strictSame(records, [{ detail: { reason: 'account deleted' } }, { detail: { reason: 'address removed' } }])
  })

  await t.test('refuses what does not fit', async (t) => {
    for (const body of [{}, { token: '' }, { token: 'x', password: 'x' }]) {
      t.match((await post(fastify, '/email/verify/reject', body)).json(), {
        statusCode: 400,
        code: 'VALIDATION_FAILED'
      })
    }
    t.strictSame(answer(await reject('x'.repeat(43))), INVALID)
  })
})

test('where an address has to be verified, rejecting it is no way around that', async (t) => {
  const fastify = await build(t, { environment: { REQUIRE_VERIFIED_EMAIL: 'on' } })
  const names = { username: 'ada', email: 'ada@example.com' }
  await post(fastify, '/register', { ...names, password: PASSWORD })
  const token = await tokenOf(fastify, 'verify-email')
  t.strictSame(answer(await post(fastify, '/email/verify/reject', { token })), DONE)
  t.match((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).json(), {
    code: 'INVALID_CREDENTIALS'
  })
  const rows = await fastify.database.open().query(sql`SELECT email, disabled_at IS NOT NULL AS disabled FROM users`)
  t.strictSame(rows, [{ email: null, disabled: true }])
  await fastify.audit.flush()
  const records = await fastify.database.open().query(sql`SELECT detail FROM audit WHERE action = 'email rejected'`)
  t.strictSame(records, [{ detail: { reason: 'account disabled' } }])
})

test('an address that an operator has given is given back', async (t) => {
  const fastify = await build(t)
  const { user, access_token } = await signIn(fastify, { email: 'ada@example.com' })
  await letters(fastify)
  const database = fastify.database.open()
  await verifyAccount(database, user.id)
  const given = { email: 'misspelt@example.com', verified: false, mail: true, undoLink: true }
  await setEmail(database, user.id, given)
  const sent = await letters(fastify)
  const token = sent.find(({ template }) => template === 'verify-email')?.token
  t.strictSame(answer(await post(fastify, '/email/verify/reject', { token })), DONE)
  t.match((await fastify.inject({ url: '/me', headers: bearer(access_token) })).json(), {
    email: 'ada@example.com',
    email_verified: true
  })
  await fastify.audit.flush()
  const records = await database.query(sql`SELECT detail FROM audit WHERE action = 'email rejected'`)
  t.strictSame(records, [{ detail: { reason: 'previous address restored' } }])
})
