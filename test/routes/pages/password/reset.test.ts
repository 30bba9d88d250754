import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { listPasskeys } from '../../../../src/factors/passkeys.ts'
import { addIdentity, listIdentities } from '../../../../src/providers/identities.ts'
import { markVerified } from '../../../../src/users/users.ts'
import { build, cutOff, post, signIn } from '../../../helpers/app.ts'
import { enrolPasskey, requireStep } from '../../../helpers/enrolled.ts'
import { buildFederated } from '../../../helpers/federated.ts'
import { letters, tokenOf } from '../../../helpers/letters.ts'
import { readPage, submit } from '../../../helpers/page.ts'
import { recorded } from '../../../helpers/second-factor.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com', LIMITS: 'on' }

test('the page on which a new password is chosen', async (t) => {
  const fastify = await build(t, { environment })
  const { user } = await signIn(fastify, { email: 'ada@example.com' })
  await markVerified(fastify.database.open(), user.id)
  await letters(fastify)
  await post(fastify, '/password/forgot', { email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'reset-password')
  const url = '/pages/password/reset'
  const inputs = ['token', 'new_password', 'delete_passkeys']

  await t.test('asks for it', async (t) => {
    const { body, ...response } = await fastify.inject(`${url}?token=${token}`)
    t.match(
      body,
      '<label class="choice"><input type="checkbox" name="delete_passkeys" value="true"> Also delete all passkeys'
    )
    t.match(
      body,
      'name="new_password" type="password" autocomplete="new-password" required aria-describedby="new_password-hint">'
    )
    t.match(body, '<input hidden type="text" autocomplete="username" value="ada@example.com" readonly>')
    t.strictSame(readPage({ body, ...response } as never).inputs, inputs)
  })

  await t.test('says what is wrong with it, and asks again', async (t) => {
    const cases: [fields: Record<string, string>, statusCode: number, text: RegExp][] = [
      [{ token, new_password: 'password' }, 400, /New password This password is on a list of common ones\./],
      [{ token, new_password: 'short' }, 400, /The password must have at least 8 characters\./],
      [{ token, new_password: '' }, 400, /Fill this in\./]
    ]
    for (const [fields, statusCode, text] of cases) {
      t.match(readPage(await submit(fastify, url, fields)), { statusCode, text, inputs })
    }
    const putBack = cutOff(fastify)
    const away = await submit(fastify, url, { token, new_password: 'an even better horse' })
    putBack()
    t.match(readPage(away), {
      statusCode: 503,
      text: /The service is busy at the moment\. Try again in 2 seconds\./,
      inputs
    })
    t.equal(away.headers['retry-after'], '2')
  })

  await t.test(
    'says of passkeys that are the only second step that they cannot be deleted, and keeps the choice',
    async (t) => {
      const database = fastify.database.open()
      await enrolPasskey(database, user.id)
      await requireStep(database, user.id)
      const fields = { token, new_password: 'an even better horse', delete_passkeys: 'true' }
      const refused = await submit(fastify, url, fields)
      t.match(readPage(refused), { statusCode: 409, text: /Without it you could not sign in any more\./, inputs })
      t.match(refused.body, '<input type="checkbox" name="delete_passkeys" value="true" checked>')
      const odd = await submit(fastify, url, { ...fields, delete_passkeys: 'false' })
      t.match(readPage(odd), { statusCode: 400, inputs })
      await database.query(sql`UPDATE users SET mfa_required = false`)
      t.match(await listPasskeys(database, user.id), { length: 1 })
    }
  )

  await t.test('sets it, deletes passkeys if that is chosen, and has the device known', async (t) => {
    const fields = { token, new_password: 'an even better horse', delete_passkeys: 'true' }
    const response = await submit(fastify, url, fields)
    t.strictSame(await listPasskeys(fastify.database.open(), user.id), [])
    t.match(readPage(response), {
      statusCode: 200,
      text: 'Your password is changed You can sign in with it now. Sign in'
    })
    t.match(response.body, '<a href="../../pages/login">')
    t.match(response.headers['set-cookie'], /^latchkey_device=/)
    const login = await post(fastify, '/login', { email: 'ada@example.com', password: 'an even better horse' })
    t.equal(login.statusCode, 200)
  })

  await t.test('says of a used link that it is, and offers another mail', async (t) => {
    const response = await fastify.inject(`${url}?token=${token}`)
    t.strictSame(readPage(response), {
      statusCode: 200,
      text: 'This link has expired or was already used If a later mail has come, use the link in that one. We can send you another mail with a link to choose a new password. Email address Send another mail Sign in',
      inputs: ['email']
    })
    t.match(response.body, '<form method="post" action="../../pages/password/forgot">')
    const refused = await submit(fastify, url, { token, new_password: 'short' })
    t.match(readPage(refused), { statusCode: 400, text: /^This link has expired or was already used/ })
  })
})

test('it unlinks the accounts at other providers, if that is chosen', async (t) => {
  const provider = {
    id: 'test',
    kind: 'oidc',
    issuer: 'https://issuer.example.com',
    client_id: 'a',
    client_secret: 'b'
  }
  const fastify = await buildFederated(t, [provider], { environment: { ...environment, LIMITS: 'off' } })
  const { user } = await signIn(fastify, { email: 'ada@example.com' })
  const database = fastify.database.open()
  await database.query(sql`UPDATE users SET email_verified = true`)
  await addIdentity(database, user.id, 'test', {
    issuer: 'https://issuer.example.com',
    subject: '1',
    emailIsVerified: false
  })
  const resetWith = async (fields: Record<string, string>) => {
    await letters(fastify)
    await post(fastify, '/password/forgot', { email: 'ada@example.com' })
    const token = await tokenOf(fastify, 'reset-password')
    return submit(fastify, '/pages/password/reset', { token, new_password: 'an even better horse', ...fields })
  }
  const odd = await resetWith({ unlink_identities: 'yes' })
  t.match(readPage(odd), { statusCode: 400, inputs: ['token', 'new_password', 'delete_passkeys', 'unlink_identities'] })
  t.equal((await resetWith({})).statusCode, 200)
  t.match(await listIdentities(database, user.id), { length: 1 }, 'they stay by default')
  t.equal((await resetWith({ unlink_identities: 'true' })).statusCode, 200)
  t.strictSame(await listIdentities(database, user.id), [])
  t.match(await recorded(fastify, user.id, 'identity unlinked'), [{ detail: { reason: 'password reset', count: 1 } }])
})
