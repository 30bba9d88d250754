import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { MAIL_ASKED } from '../../../src/schemas/answers.ts'
import { addUser } from '../../../src/users/users.ts'
import { answer, build, cutOff, post, signIn } from '../../helpers/app.ts'
import { letters, waiting } from '../../helpers/letters.ts'

const ACCEPTED = { statusCode: 202, body: MAIL_ASKED }

test('POST /password/forgot', async (t) => {
  const fastify = await build(t)
  const forgot = (email: string) => post(fastify, '/password/forgot', { email })
  const { user } = await signIn(fastify, { username: 'ada', email: 'Ada@example.com' })
  const { user: gone } = await signIn(fastify, { email: 'gone@example.com' })
  await fastify.database.open().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${gone.id}`)
  await letters(fastify)

  await t.test('sends a mail to the address as the account has it', async (t) => {
    const response = await forgot('ADA@example.com')
    t.strictSame(answer(response), ACCEPTED)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.match(await letters(fastify), [
      {
        template: 'reset-password',
        recipient: 'Ada@example.com',
        variables: { name: 'Ada@example.com', expires_in: { seconds: 1800 } },
        token: /^[\w-]{43}$/
      }
    ])
  })

  await t.test('calls by the username who has proven the address', async (t) => {
    await fastify.database.open().query(sql`UPDATE users SET email_verified = true WHERE id = ${user.id}`)
    await forgot('ada@example.com')
    t.match(await letters(fastify), [{ variables: { name: 'ada' } }])
  })

  await t.test('answers the same for an unknown address and a disabled account, and sends nothing', async (t) => {
    const known = await forgot('ada@example.com')
    await letters(fastify)
    for (const email of ['nobody@example.com', 'gone@example.com', 'ada@example.co']) {
      const response = await forgot(email)
      t.strictSame(answer(response), answer(known), email)
      const { 'x-request-id': _, date: __, ...headers } = response.headers
      const { 'x-request-id': ___, date: ____, ...others } = known.headers
      t.strictSame(headers, others)
      const [mail] = await waiting(fastify)
      t.match(mail, { kind: 'reset asked', recipient: email, user_id: null, data: {} }, 'and looks nothing up')
      t.strictSame(await letters(fastify), [])
    }
  })

  await t.test('takes an address with blanks at its ends', async (t) => {
    for (const email of [' ada@example.com', 'ADA@example.com\n', '\u00a0\tada@example.com\u3000']) {
      t.strictSame(answer(await forgot(email)), ACCEPTED)
      t.match(await letters(fastify), [{ recipient: 'Ada@example.com' }], JSON.stringify(email))
    }
  })

  await t.test('sends to an address that is older than the rules for new ones', async (t) => {
    const email = 'ada%example.org@example.com'
    await addUser(fastify.database.open(), { email, passwordHash: 'none' })
    t.strictSame(answer(await forgot(email)), ACCEPTED)
    t.match(await letters(fastify), [{ recipient: email }])
  })

  await t.test('refuses what is no address as what does not fit', async (t) => {
    for (const email of ['', ' ', 'ada', 'a@b@c', `${'x'.repeat(250)}@example.com`, `a@b.example${' '.repeat(250)}`]) {
      t.equal((await forgot(email)).json().code, 'VALIDATION_FAILED')
    }
  })

  await t.test('is unavailable while the database is', async (t) => {
    const restore = cutOff(fastify)
    t.equal((await forgot('ada@example.com')).json().code, 'DATABASE_UNAVAILABLE')
    restore()
  })
})
