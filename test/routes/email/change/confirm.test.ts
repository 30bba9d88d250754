import { test } from 'tap'
import { answer, bearer, build, PASSWORD, post, refusal, signIn } from '../../../helpers/app.ts'
import { letters, tokenOf, waiting, write } from '../../../helpers/letters.ts'

const DONE = { statusCode: 204, body: '' }
const INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is invalid, has expired, or was already used.')
}
const TAKEN = {
  statusCode: 409,
  body: refusal(409, 'Conflict', 'ACCOUNT_EXISTS', 'The name is taken.', [
    { path: '/token', message: 'is taken', rule: 'taken' }
  ])
}

test('POST /email/change/confirm', async (t) => {
  const fastify = await build(t)
  let users = 0

  /** A user who has proven an address, or has none. */
  async function begin({ email = true } = {}) {
    const username = `user.${users++}`
    const { access_token, user } = await signIn(fastify, {
      username,
      ...(email && { email: `${username}@example.com` })
    })
    if (email)
      await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
    const headers = bearer(access_token)
    return {
      id: user.id as string,
      username,
      email: `${username}@example.com`,
      change: (new_email: string) => post(fastify, '/email/change', { new_email, current_password: PASSWORD }, headers),
      me: async () => (await fastify.inject({ url: '/me', headers })).json(),
      headers
    }
  }
  const confirm = (token: string) => post(fastify, '/email/change/confirm', { token })

  await t.test('gives the account the new address, proven, and tells the old one', async (t) => {
    const { username, email, change, me } = await begin()
    await change(`New.${email}`)
    const response = await confirm(await tokenOf(fastify, 'confirm-new-email'))
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.match(await me(), { email: `New.${email}`, email_verified: true })
    t.match(await letters(fastify), [
      {
        template: 'email-changed',
        recipient: email,
        variables: { name: username, new_email: `New.${email}`, expires_in: { seconds: 604_800 } },
        token: /^[\w-]{43}$/
      }
    ])
    t.equal((await post(fastify, '/login', { email: `new.${email}`, password: PASSWORD })).statusCode, 200)
    t.equal((await post(fastify, '/login', { email, password: PASSWORD })).statusCode, 401)
  })

  await t.test('gives who has only a username the first address, and tells nobody', async (t) => {
    const { email, change, me } = await begin({ email: false })
    await change(email)
    t.strictSame(answer(await confirm(await tokenOf(fastify, 'confirm-new-email'))), DONE)
    t.match(await me(), { email, email_verified: true })
    t.strictSame(await waiting(fastify), [])
  })

  await t.test('does not tell an old address that was never proven, which may be a stranger’s', async (t) => {
    const { access_token } = await signIn(fastify, { email: 'misspelt@example.com' })
    await letters(fastify)
    const change = { new_email: 'spelt@example.com', current_password: PASSWORD }
    await post(fastify, '/email/change', change, bearer(access_token))
    t.strictSame(answer(await confirm(await tokenOf(fastify, 'confirm-new-email'))), DONE)
    t.strictSame(await waiting(fastify), [])
  })

  await t.test('takes another letter case of the same address, and tells nobody', async (t) => {
    const { email, change, me } = await begin()
    await change(email.toUpperCase())
    t.strictSame(answer(await confirm(await tokenOf(fastify, 'confirm-new-email'))), DONE)
    t.match(await me(), { email: email.toUpperCase(), email_verified: true })
    t.strictSame(await waiting(fastify), [])
  })

  await t.test('refuses an address that is taken, and goes on taking the token', async (t) => {
    const other = await begin()
    const { change, me } = await begin()
    const before = await me()
    await change(other.email.toUpperCase())
    const token = await tokenOf(fastify, 'confirm-new-email')
    t.strictSame(answer(await confirm(token)), TAKEN)
    t.strictSame(await me(), before)
    await fastify.inject({
      method: 'DELETE',
      url: '/me',
      headers: other.headers,
      payload: { current_password: PASSWORD }
    })
    t.strictSame(answer(await confirm(token)), DONE, 'until it is free')
    await letters(fastify)
  })

  await t.test('takes a token once, from one of two at once', async (t) => {
    const { email, change } = await begin()
    await change(`new.${email}`)
    const token = await tokenOf(fastify, 'confirm-new-email')
    const answers = (await Promise.all([confirm(token), confirm(token)])).map(answer)
    t.strictSame(
      answers.sort((a, b) => a.statusCode - b.statusCode),
      [DONE, INVALID]
    )
    await letters(fastify)
  })

  await t.test('of two accounts that confirm one address at once, gives it to one', async (t) => {
    const [one, two] = [await begin(), await begin()]
    const tokens = []
    for (const { change } of [one, two]) {
      await change('wanted@example.com')
      tokens.push(await tokenOf(fastify, 'confirm-new-email'))
    }
    const answers = (await Promise.all(tokens.map(confirm))).map(answer)
    t.strictSame(
      answers.sort((a, b) => a.statusCode - b.statusCode),
      [DONE, TAKEN]
    )
    await letters(fastify)
  })

  await t.test('takes the token of the newest mail alone', async (t) => {
    const { email, change } = await begin()
    await change(`one.${email}`)
    const first = await tokenOf(fastify, 'confirm-new-email')
    await change(`two.${email}`)
    const second = await tokenOf(fastify, 'confirm-new-email')
    t.strictSame(answer(await confirm(first)), INVALID)
    t.strictSame(answer(await confirm(second)), DONE)
    await letters(fastify)
  })

  await t.test('does not take a token once the password has changed, nor is its mail sent then', async (t) => {
    const { email, change, headers } = await begin()
    await change(`one.${email}`)
    const token = await tokenOf(fastify, 'confirm-new-email')
    await change(`two.${email}`)
    const [mail] = await waiting(fastify)
    const next = { current_password: PASSWORD, new_password: `${PASSWORD}!` }
    t.equal((await post(fastify, '/password/change', next, headers)).statusCode, 204)
    t.strictSame(answer(await confirm(token)), INVALID)
    t.equal(await write(fastify, mail as never), undefined)
    await letters(fastify)
  })
})
