import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer, build, post, signIn } from '../../helpers/app.ts'
import { createAuthenticator } from '../../helpers/authenticator.ts'
import { requireStep } from '../../helpers/enrolled.ts'
import { letters } from '../../helpers/letters.ts'
import { removePassword } from '../../helpers/no-password.ts'
import { addPasskeyTo, ORIGIN } from '../../helpers/passkeys.ts'
import { recorded } from '../../helpers/second-factor.ts'

const ACTIONS = ['passkey added', 'passkey renamed', 'passkey removed', 'second step not required']
const record = (action: string) => ({ action, session: true, detail: null })

test('the passkeys of an account', async (t) => {
  const fastify = await build(t)
  const database = fastify.database.open()
  const send = (method: 'PATCH' | 'DELETE', id: string, token: string, payload?: object) =>
    fastify.inject({ method, url: `/passkeys/${id}`, headers: bearer(token), ...(payload && { payload }) })
  const listed = async (token: string) =>
    (await fastify.inject({ url: '/passkeys', headers: bearer(token) })).json().passkeys

  await t.test('are added, renamed and removed, and each is on record and told by mail', async (t) => {
    const email = 'ada@example.com'
    const { access_token: token, user } = await signIn(fastify, { email })
    await database.query(sql`UPDATE users SET email_verified = true WHERE id = ${user.id}`)
    await letters(fastify)
    const { response } = await addPasskeyTo(fastify, token, { name: 'Key' })
    const passkey = response.json()
    t.match(passkey, { id: String, name: 'Key', created_at: String, last_used_at: null })
    t.match((await send('PATCH', passkey.id, token, { name: 'Other' })).json(), { ...passkey, name: 'Other' })
    t.equal((await send('DELETE', passkey.id, token)).statusCode, 204)
    t.strictSame(await listed(token), [])
    t.strictSame(await recorded(fastify, user.id, ...ACTIONS), [
      record('passkey added'),
      record('passkey renamed'),
      record('passkey removed')
    ])
    t.strictSame(
      (await letters(fastify)).map(({ recipient }) => recipient),
      [email, email]
    )
  })

  await t.test('are refused, and nothing is on record, if they are not those of the account', async (t) => {
    const [ada, eve] = [await signIn(fastify, { username: 'ada' }), await signIn(fastify, { username: 'eve' })]
    const { id } = (await addPasskeyTo(fastify, eve.access_token)).response.json()
    for (const each of [id, randomUUID()]) {
      t.match((await send('PATCH', each, ada.access_token, { name: 'mine' })).json(), { code: 'NOT_FOUND' })
      t.match((await send('DELETE', each, ada.access_token)).json(), { code: 'NOT_FOUND' })
    }
    const options = await post(fastify, '/passkeys/options', {}, bearer(eve.access_token))
    const credential = createAuthenticator(ORIGIN).create(options.json().public_key)
    const stolen = await post(fastify, '/passkeys', { credential }, bearer(ada.access_token))
    t.match(stolen.json(), { code: 'PASSKEY_REJECTED' })
    t.strictSame(await recorded(fastify, ada.user.id, ...ACTIONS), [])
    t.match(await listed(eve.access_token), [{ id, name: 'Passkey' }])
  })

  await t.test('the last one that signs in stays, and without the last one no second step is required', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'grace' })
    const { authenticator, response } = await addPasskeyTo(fastify, token)
    await requireStep(database, user.id)
    const options = await post(fastify, '/login/passkey/options', {})
    const credential = authenticator.get(options.json().public_key)
    const raised = (await post(fastify, '/login/passkey', { credential })).json().access_token
    const { id } = response.json()
    const [kept] = await database.query<{ password_hash: string }>(
      sql`SELECT password_hash FROM users WHERE id = ${user.id}`
    )
    await removePassword(fastify, user.id)
    t.match((await send('DELETE', id, raised)).json(), { code: 'LAST_CREDENTIAL' })
    t.match(await listed(raised), [{ id }])
    await database.query(sql`UPDATE users SET password_hash = ${String(kept?.password_hash)} WHERE id = ${user.id}`)
    t.equal((await send('DELETE', id, raised)).statusCode, 204)
    t.strictSame(await recorded(fastify, user.id, ...ACTIONS.slice(2)), [
      record('passkey removed'),
      record('second step not required')
    ])
  })
})

test('where there are no passkeys, none is changed', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://192.0.2.1' } })
  t.equal(fastify.passkeyEnrolment, undefined)
  t.equal(fastify.passkeys, undefined)
})
