import { test } from 'tap'
import { type Ask, bearer, CONTRACT_URL, createClient, PASSWORD, signIn, unique } from './client.ts'
import { refused, UNMAILABLE } from './expectations.ts'

/** In this process mail is not sent. */
const NO_SERVER = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'no-reply@latchkey.test' }

const TOKEN = 'x'.repeat(43)

test('The life of an account', async (t) => {
  const client = await createClient(t, NO_SERVER)
  const names = { username: unique('Ada'), email: `${unique('Ada')}@Example.com` }
  const { access_token: token, user } = await signIn(client, names)
  const headers = bearer(token)
  const me = async () => (await client.request({ path: '/me', headers })).json

  await t.test('whoever asks for a mail gets one answer, whether there is an account or not', async (t) => {
    for (const path of ['/password/forgot', '/email/resend']) {
      const known = await client.request({ path, body: { email: names.email } })
      t.equal(known.status, 202)
      t.equal(known.headers['cache-control'], 'no-store')
      for (const email of [names.email.toLowerCase(), ` ${names.email}\n`, `${unique()}@example.com`]) {
        const other = await client.request({ path, body: { email } })
        t.strictSame([other.status, other.body], [known.status, known.body])
      }
    }
  })

  await t.test('a token that nobody was sent is refused, whatever else is asked with it', async (t) => {
    const rows: Ask[] = [
      { path: '/email/verify', body: { token: TOKEN, password: PASSWORD } },
      { path: '/email/verify', headers, body: { token: TOKEN } },
      { path: '/email/verify/reject', body: { token: TOKEN } },
      { path: '/email/change/confirm', body: { token: TOKEN } },
      { path: '/email/change/undo', body: { token: TOKEN } },
      { path: '/email/change/undo', body: { token: TOKEN, new_password: 'short' } },
      { path: '/password/reset', body: { token: TOKEN, new_password: PASSWORD } },
      { path: '/password/reset', body: { token: TOKEN, new_password: 'short' } },
      { path: '/email/verify', body: { token: token.slice(0, 512), password: PASSWORD } },
      { path: '/email/verify', body: { token: '😀'.repeat(256), password: PASSWORD } }
    ]
    for (const ask of rows) refused(t, await client.request(ask), 400, 'EMAIL_TOKEN_INVALID')
  })

  await t.test('a GET uses no token', async (t) => {
    for (const path of [
      '/email/verify',
      '/email/verify/reject',
      '/email/change/confirm',
      '/email/change/undo',
      '/password/reset'
    ]) {
      refused(t, await client.request({ path: `${path}?token=${TOKEN}` }), 405, 'METHOD_NOT_ALLOWED', {
        allow: ['POST']
      })
    }
  })

  await t.test('what does not fit is refused with every fault', async (t) => {
    const rows: [Ask, string[]][] = [
      [{ path: '/password/forgot', body: {} }, ['/email']],
      [{ path: '/password/forgot', body: { email: 'ada', name: 'x' } }, ['/email', '/name']],
      [{ path: '/email/resend', body: { email: 5 } }, ['/email']],
      [{ path: '/email/verify', body: { token: '' } }, ['/token']],
      [{ path: '/email/verify', body: { token: TOKEN } }, ['/password']],
      [{ path: '/email/verify', body: { token: TOKEN, password: '' } }, ['/password']],
      [{ path: '/email/verify/reject', body: { token: TOKEN, password: PASSWORD } }, ['/password']],
      [{ path: '/email/verify?token=x', body: { token: TOKEN } }, ['/token']],
      [{ path: '/email/change/undo', body: { token: 'x'.repeat(513) } }, ['/token']],
      [{ path: '/password/reset', body: {} }, ['/token', '/new_password']],
      [{ path: '/email/change', headers, body: {} }, ['/new_email', '/current_password']],
      [{ method: 'PATCH', path: '/me', headers, body: { username: 'x', email: 'x' } }, ['/username', '/email']],
      [{ method: 'DELETE', path: '/me', headers, body: { current_password: '' } }, ['/current_password']],
      [{ path: '/me/export?format=csv', headers }, ['/format']]
    ]
    for (const [ask, paths] of rows) {
      const errors = paths.map((path) => ({ path }))
      refused(t, await client.request(ask), 400, 'VALIDATION_FAILED', { errors })
    }
  })

  await t.test('what belongs to an account is for who brings its token', async (t) => {
    const rows: Ask[] = [
      { path: '/email/change', body: { new_email: 'a@example.com', current_password: PASSWORD } },
      { method: 'PATCH', path: '/me', body: { username: unique() } },
      { method: 'DELETE', path: '/me', body: { current_password: PASSWORD } },
      { path: '/me/export' }
    ]
    for (const ask of rows) {
      refused(t, await client.request(ask), 401, 'TOKEN_MISSING')
      refused(t, await client.request({ ...ask, headers: bearer(TOKEN) }), 401, 'TOKEN_INVALID')
    }
  })

  await t.test('another address needs the password, is not told to be taken, and changes nothing yet', async (t) => {
    const taken = `${unique()}@example.com`
    await signIn(client, { email: taken })
    const change = (new_email: string, current_password = PASSWORD) =>
      client.request({ path: '/email/change', headers, body: { new_email, current_password } })
    refused(t, await change(taken, 'wrong'), 401, 'INVALID_CREDENTIALS')
    const answers = [await change(taken), await change(`${unique()}@example.com`)]
    t.strictSame(
      answers.map(({ status, body }) => [status, body]),
      Array(2).fill([202, answers[0]?.body])
    )
    t.strictSame(await me(), user)
  })

  await t.test(
    'an address is taken nowhere that mail servers might send elsewhere, but may be asked for',
    async (t) => {
      for (const email of UNMAILABLE) {
        const errors = [{ path: '/new_email' }]
        const change = { path: '/email/change', headers, body: { new_email: email, current_password: PASSWORD } }
        refused(t, await client.request(change), 400, 'VALIDATION_FAILED', { errors })
      }
      // An account may be older than the rule.
      const asked = await client.request({ path: '/password/forgot', body: { email: 'ada%example.org@example.com' } })
      t.equal(asked.status, 202)
      const login = { path: '/login', body: { email: 'ada%example.org@example.com', password: PASSWORD } }
      refused(t, await client.request(login), 401, 'INVALID_CREDENTIALS')
    }
  )

  await t.test('another username is given to who asks first', async (t) => {
    const other = unique()
    await signIn(client, { username: other })
    const rename = (username: string) => client.request({ method: 'PATCH', path: '/me', headers, body: { username } })
    const errors = [{ path: '/username', rule: 'taken' }]
    refused(t, await rename(other.toUpperCase()), 409, 'ACCOUNT_EXISTS', { errors })
    const username = unique('Lovelace')
    const { status, json } = await rename(username)
    t.strictSame([status, json], [200, { ...user, username }])
    t.strictSame(await me(), { ...user, username })
    const before = { username: names.username.toLowerCase(), password: PASSWORD }
    refused(t, await client.request({ path: '/register', body: before }), 409, 'ACCOUNT_EXISTS', { errors })
  })

  await t.test('a name that would pass for the service’s own is taken', async (t) => {
    const errors = [{ path: '/username', rule: 'taken' }]
    const body = { username: 'Admin', password: PASSWORD }
    refused(t, await client.request({ path: '/register', body }), 409, 'ACCOUNT_EXISTS', { errors })
  })

  await t.test('the export is a file', async (t) => {
    const { status, headers: given, json } = await client.request({ path: '/me/export', headers })
    t.equal(status, 200)
    t.match(given['content-disposition'], /^attachment; filename="[\w.-]+\.json"$/)
    t.strictSame(json.user, await me())
    t.match(json.sessions, [{ ended_at: null }])
    t.notMatch(JSON.stringify(json), /\$2[aby]\$/)
  })

  await t.test('who leaves is gone, and the names are free', async (t) => {
    const leaving = { username: unique(), email: `${unique()}@example.com` }
    const { access_token, refresh_token } = await signIn(client, leaving)
    const leave = (current_password: string) =>
      client.request({ method: 'DELETE', path: '/me', headers: bearer(access_token), body: { current_password } })
    refused(t, await leave('wrong'), 401, 'INVALID_CREDENTIALS')
    const { status, body } = await leave(PASSWORD)
    t.strictSame([status, body], [204, ''])
    refused(t, await client.request({ path: '/me', headers: bearer(access_token) }), 401, 'TOKEN_INVALID')
    refused(t, await client.request({ path: '/token/refresh', body: { refresh_token } }), 401, 'REFRESH_TOKEN_INVALID')
    const login = { path: '/login', body: { email: leaving.email, password: PASSWORD } }
    refused(t, await client.request(login), 401, 'INVALID_CREDENTIALS')
    const again = await client.request({ path: '/register', body: { ...leaving, password: PASSWORD } })
    t.equal(again.status, 201)
    t.not(again.json.id, user.id)
  })
})

// A running service has one mode.
if (CONTRACT_URL === undefined) {
  test('Hidden accounts', async (t) => {
    const client = await createClient(t, { ...NO_SERVER, HIDE_ACCOUNTS: 'on' })
    const register = (body: object) => client.request({ path: '/register', body })

    await t.test('/register takes an address alone and answers 202, however often', async (t) => {
      const email = `${unique()}@example.com`
      const first = await register({ email })
      t.equal(first.status, 202)
      for (const each of [email, email.toUpperCase(), `${unique()}@example.com`]) {
        const { status, body } = await register({ email: each })
        t.strictSame([status, body], [202, first.body])
      }
      const errors = [{ path: '/password' }]
      refused(t, await register({ email, password: PASSWORD }), 400, 'VALIDATION_FAILED', { errors })
      const login = { path: '/login', body: { email, password: PASSWORD } }
      refused(t, await client.request(login), 401, 'INVALID_CREDENTIALS')
    })

    await t.test('/register takes no address that mail servers might send elsewhere', async (t) => {
      for (const email of UNMAILABLE) {
        const errors = [{ path: '/email' }]
        refused(t, await register({ email }), 400, 'VALIDATION_FAILED', { errors })
      }
    })

    await t.test('/register/finish takes no token that nobody was sent', async (t) => {
      for (const rest of [{}, { username: unique() }, { password: 'short' }]) {
        const ask = { path: '/register/finish', body: { token: TOKEN, password: PASSWORD, ...rest } }
        refused(t, await client.request(ask), 400, 'EMAIL_TOKEN_INVALID')
      }
    })
  })
}
