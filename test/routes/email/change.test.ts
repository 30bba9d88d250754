import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { MAIL_ASKED } from '../../../src/schemas/answers.ts'
import {
  answer,
  BEARER,
  bearer,
  build,
  INVALID_TOKEN,
  PASSWORD,
  post,
  refusal,
  signIn,
  testClock
} from '../../helpers/app.ts'
import { letters, tokenOf, waiting } from '../../helpers/letters.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'

const ACCEPTED = { statusCode: 202, body: MAIL_ASKED }
const WRONG = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The current password is wrong.')
}

test('POST /email/change', async (t) => {
  const fastify = await build(t)
  const { access_token: token, user } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  await letters(fastify)
  const change = (new_email: string, current_password = PASSWORD, headers = bearer(token)) =>
    post(fastify, '/email/change', { new_email, current_password }, headers)
  const me = async () => (await fastify.inject({ url: '/me', headers: bearer(token) })).json()

  await t.test('sends a mail to the new address, and changes nothing yet', async (t) => {
    const response = await change('Lovelace@example.com')
    t.strictSame(answer(response), ACCEPTED)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.match(await letters(fastify), [
      {
        template: 'confirm-new-email',
        recipient: 'Lovelace@example.com',
        variables: { expires_in: { seconds: 86_400 } }
      }
    ])
    t.strictSame(await me(), user)
  })

  await t.test('answers the same for an address that is taken', async (t) => {
    const free = await change('free@example.com')
    await signIn(fastify, { email: 'taken@example.com' })
    await letters(fastify)
    const taken = await change('TAKEN@example.com')
    t.strictSame(answer(taken), answer(free))
    t.match(await waiting(fastify), [{ kind: 'confirm new email', recipient: 'TAKEN@example.com' }])
    await letters(fastify)
  })

  await t.test('refuses a wrong current password, and sends nothing', async (t) => {
    for (const wrong of ['wrong', PASSWORD.toUpperCase(), PASSWORD.padEnd(80)]) {
      const response = await change('other@example.com', wrong)
      t.strictSame(answer(response), WRONG)
      t.match(response.headers, BEARER)
    }
    t.strictSame(await waiting(fastify), [])
  })

  await t.test('refuses without a token, and with one whose session is over', async (t) => {
    t.equal((await change('other@example.com', PASSWORD, {} as never)).json().code, 'TOKEN_MISSING')
    const { access_token, refresh_token } = (
      await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    ).json()
    await post(fastify, '/logout', { refresh_token })
    t.equal((await change('other@example.com', PASSWORD, bearer(access_token))).json().code, 'TOKEN_INVALID')
    t.strictSame(await waiting(fastify), [])
  })

  const unfit: [string, object, string[]][] = [
    ['nothing', {}, ['/new_email', '/current_password']],
    ['no address', { new_email: 'ada', current_password: PASSWORD }, ['/new_email']],
    ['an empty password', { new_email: 'a@example.com', current_password: '' }, ['/current_password']],
    ['an unknown key', { new_email: 'a@example.com', current_password: PASSWORD, email: 'x' }, ['/email']]
  ]
  for (const [what, body, paths] of unfit) {
    await t.test(`refuses ${what} as what does not fit`, async (t) => {
      const { statusCode, code, errors } = (await post(fastify, '/email/change', body, bearer(token))).json()
      t.strictSame(
        [statusCode, code, errors.map(({ path }: { path: string }) => path)],
        [400, 'VALIDATION_FAILED', paths]
      )
    })
  }

  await t.test('refuses a user who goes before the password is looked up', async (t) => {
    const { access_token, user } = await signIn(fastify, { username: 'grace' })
    meanwhile(fastify, 1, () => fastify.database.open().query(sql`DELETE FROM users WHERE id = ${user.id}`))
    t.strictSame(answer(await change('other@example.com', PASSWORD, bearer(access_token))), WRONG)
  })

  await t.test('refuses a user who goes before the mail is written down', async (t) => {
    const { access_token, user } = await signIn(fastify, { username: 'heidi' })
    meanwhile(fastify, 2, () => fastify.database.open().query(sql`DELETE FROM users WHERE id = ${user.id}`))
    const response = await change('other@example.com', PASSWORD, bearer(access_token))
    t.strictSame(answer(response), {
      statusCode: 401,
      body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
    })
    t.match(response.headers, INVALID_TOKEN)
  })
})

test('a wrong current password at /email/change counts like one at /login', async (t) => {
  const fastify = await build(t, { clock: testClock({ still: true }), environment: { LIMITS: 'on' } })
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const change = (current_password: string) =>
    post(fastify, '/email/change', { new_email: 'ada@example.com', current_password }, bearer(access_token))
  for (let i = 0; i < 10; i += 1) t.equal((await change('wrong')).statusCode, 401)
  const response = await change(PASSWORD)
  t.equal(response.json().code, 'TOO_MANY_REQUESTS')
  t.equal(response.headers['retry-after'], '30')
  await t.rejects(tokenOf(fastify, 'confirm-new-email'))
})
