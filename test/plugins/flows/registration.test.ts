import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, build, NO_SERVER, PASSWORD, post } from '../../helpers/app.ts'
import { letters, tokenOf, waiting } from '../../helpers/letters.ts'

/** A header, and the language of the account. */
const CASES: [header: string | undefined, locale: string | null][] = [
  [undefined, null],
  ['*', null],
  ['fr-FR, *;q=0.5', null],
  ['en-GB,en;q=0.9', 'en'],
  ['fr, de-AT;q=0.8, en;q=0.5', 'de'],
  ['ar', 'ar']
]

const headersOf = (header: string | undefined) => (header === undefined ? {} : { 'accept-language': header })

const locales = (fastify: FastifyInstance) =>
  fastify.database.open().query(sql`SELECT email, locale FROM users ORDER BY email`)

test('a new account has the language that its request names', async (t) => {
  const fastify = await build(t, { environment: NO_SERVER })

  await t.test('through the API, which answers in English all the same', async (t) => {
    for (const [index, [header, locale]] of CASES.entries()) {
      const email = `api.${index}@example.com`
      const { statusCode, body } = answer(
        await post(fastify, '/register', { email, password: PASSWORD }, headersOf(header))
      )
      t.strictSame([statusCode, Object.keys(body)], [201, ['id', 'username', 'email', 'email_verified', 'created_at']])
      t.match(await letters(fastify), [{ template: 'verify-email', recipient: email, locale }], String(header))
    }
    const { body } = answer(
      await post(fastify, '/register', { email: 'api.0@example.com', password: PASSWORD }, headersOf('de'))
    )
    t.match(body, { code: 'ACCOUNT_EXISTS', message: 'The name is taken.' })
  })

  await t.test('on the page', async (t) => {
    for (const [index, [header, locale]] of CASES.entries()) {
      const email = `page.${index}@example.com`
      await fastify.inject({
        method: 'POST',
        url: '/pages/register',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: fastify.config.PUBLIC_URL,
          ...headersOf(header)
        },
        payload: new URLSearchParams({ email, username: '', password: PASSWORD }).toString()
      })
      t.match(await letters(fastify), [{ template: 'verify-email', recipient: email, locale }], String(header))
    }
  })

  await t.test('and later letters are in that language, whatever those requests name', async (t) => {
    await post(fastify, '/password/forgot', { email: 'api.4@example.com' }, headersOf('ar'))
    t.match(await letters(fastify), [{ template: 'reset-password', locale: 'de' }])
    await post(fastify, '/password/forgot', { email: 'api.0@example.com' }, headersOf('ar'))
    t.match(await letters(fastify), [{ template: 'reset-password', locale: null }])
  })
})

test('with HIDE_ACCOUNTS', async (t) => {
  const fastify = await build(t, { environment: { ...NO_SERVER, HIDE_ACCOUNTS: 'on' } })
  const register = (email: string, header?: string) => post(fastify, '/register', { email }, headersOf(header))
  const finish = (token: string, header?: string) =>
    post(fastify, '/register/finish', { token, password: PASSWORD }, headersOf(header))

  await t.test(
    'the first mail is in the language of its request, the account has that of the request which ends it',
    async (t) => {
      for (const [index, [header, locale]] of CASES.entries()) {
        const email = `${index}@example.com`
        await register(email, header)
        t.match(await waiting(fastify), [{ data: locale === null ? {} : { locale } }])
        const [letter] = await letters(fastify)
        t.match(letter, { template: 'finish-registration', locale })
        const [, other] = CASES[CASES.length - 1 - index] as (typeof CASES)[number]
        t.equal((await finish(String(letter?.token), other ?? undefined)).statusCode, 201)
        t.match((await locales(fastify))[index], { email, locale: other })
      }
    }
  )

  await t.test(
    'a stranger is answered and stored alike for every address, and its owner reads a language of their own',
    async (t) => {
      await register('owner@example.com', 'ar')
      await finish(await tokenOf(fastify, 'finish-registration'), 'de')
      const answers = []
      for (const email of ['owner@example.com', 'nobody@example.com']) answers.push(answer(await register(email, 'ar')))
      t.strictSame(answers[0], answers[1])
      const stored = (await waiting(fastify)).map(({ kind, user_id, data }) => ({ kind, user_id, data }))
      const request = { kind: 'registration asked', user_id: null, data: { locale: 'ar' } }
      t.strictSame(stored, [request, request])
      t.match(await letters(fastify), [
        { template: 'already-registered', locale: 'de' },
        { template: 'finish-registration', locale: 'ar' }
      ])
    }
  )
})
