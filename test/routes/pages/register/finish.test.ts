import { test } from 'tap'
import { build, PASSWORD, post } from '../../../helpers/app.ts'
import { tokenOf } from '../../../helpers/letters.ts'
import { readPage, submit } from '../../../helpers/page.ts'

const environment = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'no-reply@example.com' }

test('the page on which a registration is finished', async (t) => {
  const fastify = await build(t, { environment: { ...environment, HIDE_ACCOUNTS: 'on' } })
  const url = '/pages/register/finish'
  const begin = async (email: string) => {
    await post(fastify, '/register', { email })
    return tokenOf(fastify, 'finish-registration')
  }
  const inputs = ['token', 'username', 'password']

  await t.test('makes the account, with a username or without one', async (t) => {
    for (const [email, username] of [
      ['ada@example.com', 'ada'],
      ['grace@example.com', '']
    ] as const) {
      const token = await begin(email)
      const page = readPage(await fastify.inject(`${url}?token=${token}`))
      t.match(page, { statusCode: 200, text: new RegExp(`Account: ${email} `), inputs })
      const made = await submit(fastify, url, { token, username, password: PASSWORD })
      t.match(readPage(made), { statusCode: 200, text: 'Your account is ready You can sign in now. Sign in' })
      t.equal((await post(fastify, '/login', { email, password: PASSWORD })).statusCode, 200)
      const used = await fastify.inject(`${url}?token=${token}`)
      t.match(readPage(used), {
        statusCode: 200,
        text: /^This link has expired or was already used/,
        inputs: ['email']
      })
      t.match(used.body, 'action="../../pages/register"')
    }
  })

  await t.test('says that a username is taken, and asks again', async (t) => {
    const token = await begin('eve@example.com')
    const taken = await submit(fastify, url, { token, username: 'Ada', password: PASSWORD })
    t.match(readPage(taken), {
      statusCode: 409,
      text: /Check what is marked below\. .* This username is taken\./,
      inputs
    })
    t.match(taken.body, 'value="Ada" aria-invalid="true" aria-describedby="username-fault" autofocus>')
    t.notMatch(taken.body, PASSWORD)
    const unfit = await submit(fastify, url, { token, username: 'e', password: '' })
    t.match(readPage(unfit), {
      statusCode: 400,
      text: /Use 3 to 32 characters: .* Fill this in\./
    })
    t.equal((await submit(fastify, url, { token, username: 'eve', password: PASSWORD })).statusCode, 200)
  })
})

test('where accounts are not hidden there is no such page', async (t) => {
  const fastify = await build(t, { environment })
  t.equal((await fastify.inject('/pages/register/finish')).statusCode, 404)
})
