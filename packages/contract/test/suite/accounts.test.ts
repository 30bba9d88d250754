import { test } from 'tap'
import { type Answer, bearer, createClient, PASSWORD, signIn, unique } from './client.ts'
import { refused, UNMAILABLE } from './expectations.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const RFC_3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)$/

/** A tail that makes a name of letters and digits alone unique. */
const tail = () => unique('').slice(1)

test('The heart', async (t) => {
  const client = await createClient(t)
  const register = (body: unknown) => client.request({ path: '/register', body })
  const login = (body: unknown) => client.request({ path: '/login', body })

  await t.test('POST /register answers 201 with the user', async (t) => {
    const rows = [
      ['a username', { username: unique('Ada') }],
      ['an email', { email: `${unique('Ada')}@Example.com` }],
      ['both', { username: unique('Ada'), email: `${unique('Ada')}@Example.com` }]
    ] as const
    for (const [what, names] of rows) {
      await t.test(`by ${what}, given back as it was written`, async (t) => {
        const { status, json } = await register({ ...names, password: PASSWORD })
        const { id, created_at, ...rest } = json
        t.equal(status, 201)
        t.strictSame(rest, { username: null, email: null, email_verified: false, ...names })
        t.match(id, UUID)
        t.match(created_at, RFC_3339_UTC)
        t.ok(Math.abs(Date.parse(created_at) - Date.now()) < 60_000, 'made now')
      })
    }
  })

  await t.test('a username has 3 to 32 letters, digits, dots, underscores and hyphens', async (t) => {
    const id = tail()
    const fitting = [
      `${id.slice(0, 3)}`,
      `${id}${'x'.repeat(32 - id.length)}`,
      `a.${id}`,
      `a_${id}`,
      `a-${id}`,
      `A.-_..__--${id}Z`,
      `9${id}`,
      `0${id.replaceAll(/\D/g, '1')}`
    ]
    for (const username of fitting) {
      const { status, json } = await register({ username, password: PASSWORD })
      // Three letters are few: a service that keeps its database may have them already.
      if (username.length === 3 && status === 409) t.equal(json.code, 'ACCOUNT_EXISTS')
      else t.strictSame([status, json.username], [201, username])
    }
    const unfit = [
      '',
      'a',
      'ab',
      'x'.repeat(33),
      'x'.repeat(10_000),
      '.ada',
      'ada.',
      '_ada',
      'ada_',
      '-ada',
      'ada-',
      '...',
      'a da',
      ' ada',
      'ada ',
      'ada\n',
      '\nada',
      'ada\t',
      'a\u00a0da',
      'ada\u200b',
      'ada@example.com',
      'a/da',
      'a+da',
      "a'da",
      'a"da',
      'a%da',
      'a:da',
      'a\\da',
      'größe',
      'ада',
      'ａｄａ',
      'ad\u0131',
      'ad\u212a',
      'a\u0301da',
      '٣٣٣',
      '😀😀😀'
    ]
    for (const username of unfit) {
      await t.test(`${JSON.stringify(username.slice(0, 40))} does not fit`, async (t) => {
        const answer = await register({ username, password: PASSWORD })
        const errors = Array.from(new Set(answer.json.errors?.map(({ path }: { path: string }) => path)))
        t.strictSame(errors, ['/username'])
        refused(t, answer, 400, 'VALIDATION_FAILED', { errors: answer.json.errors?.map(() => ({ path: '/username' })) })
      })
    }
  })

  await t.test(
    'an email is what ajv-formats takes in its full mode, of at most 254 characters, and can be mailed as it is',
    async (t) => {
      const id = tail()
      const fitting = [
        `${id}@example.com`,
        `${id}@a.b`,
        `${id}+tag@example.com`,
        `${id}.b.c@example.co.uk`,
        `#$&'*+/=?^_\`{|}~-${id}@example.com`,
        `${id}@xn--bcher-kva.example`,
        `${id}@1.2`,
        `${id}@127.0.0.1`,
        `${id}@a-b--c.example`,
        `${id}@${'x'.repeat(63)}.${'y'.repeat(63)}`,
        `${id}${'x'.repeat(64 - id.length)}@example.com`,
        `${id}@${'x.'.repeat((252 - id.length) / 2)}xx`.padEnd(254, 'x').slice(0, 254)
      ]
      for (const email of fitting) {
        const { status, json } = await register({ email, password: PASSWORD })
        t.strictSame([status, json.email], [201, email])
      }
      const unfit = [
        ...UNMAILABLE,
        '',
        'ada',
        '@',
        'ada@',
        '@example.com',
        'ada@example',
        'ada@localhost',
        'ada@@example.com',
        'ada@example@com',
        'ada@example.com.',
        'ada@.example.com',
        'ada@example..com',
        'ada@-example.com',
        'ada@example-.com',
        'ada@example.com-',
        'ada@exa_mple.com',
        '.ada@example.com',
        'ada.@example.com',
        'a..da@example.com',
        'a da@example.com',
        ' ada@example.com',
        'ada@example.com ',
        'ada@example.com\n',
        'ada@exam ple.com',
        'ada\t@example.com',
        '"ada"@example.com',
        '"a b"@example.com',
        'ada(comment)@example.com',
        'ada@[127.0.0.1]',
        'ada@[IPv6:::1]',
        'Ada <ada@example.com>',
        'ada@example.com,bob@example.com',
        'mailto:ada@example.com',
        'größe@example.com',
        'ada@bücher.example',
        'ada@example.com\u200b',
        'ad\u212a@example.com',
        'ad\u017f@example.com',
        'ada@example.\u212aom',
        '😀@example.com',
        `a@${'x.'.repeat(126)}x`.padEnd(255, 'x'),
        `${'a'.repeat(12_000)}@example.com`,
        `a@${'a-'.repeat(6_000)}`,
        `a@${'a.'.repeat(6_000)}`,
        `${'a.'.repeat(6_000)}`
      ]
      for (const email of unfit) {
        await t.test(`${JSON.stringify(email.slice(0, 40))} does not fit`, async (t) => {
          const answer = await register({ email, password: PASSWORD })
          refused(t, answer, 400, 'VALIDATION_FAILED', {
            errors: (answer.json.errors ?? [0]).map(() => ({ path: '/email' }))
          })
        })
      }
    }
  )

  await t.test('a password has 8 code points at least and 72 bytes at most, in NFC', async (t) => {
    const fitting = [
      ['8 letters', 'kTq.w7Zp'],
      ['8 code points of 4 bytes', '😀😁😂🤣😃😄😅😆'],
      ['8 letters with marks of their own', 'e\u0301'.repeat(8)],
      ['4 letters that NFC takes apart into 8', '\u0958'.repeat(4)],
      ['blanks alone', ' '.repeat(8)],
      ['control characters', '\u0001\u0007\u001b\u007f\n\r\t\u0085'],
      ['72 bytes of ASCII', 'kTq.w7Zp'.repeat(9)],
      ['72 bytes of 2', 'é'.repeat(36)],
      ['72 bytes of 4', '😀'.repeat(18)],
      ['108 bytes that are 72 in NFC', 'e\u0301'.repeat(36)],
      ['invisible characters', '\u200b\u200d\ufeff\u202e\u2060\u00ad\u034f\u180e']
    ] as const
    for (const [what, password] of fitting) {
      await t.test(`${what} are accepted, and open the account`, async (t) => {
        const username = unique()
        t.equal((await register({ username, password })).status, 201)
        t.equal((await login({ username, password })).status, 200)
      })
    }
    const rejected: [string, string, string[]][] = [
      ['nothing', '', ['min_length']],
      ['7 letters', 'kTq.w7Z', ['min_length']],
      ['7 code points of two UTF-16 units', '😀😁😂🤣😃😄😅', ['min_length']],
      ['4 letters with marks of their own', 'e\u0301'.repeat(4), ['min_length']],
      ['7 blanks', ' '.repeat(7), ['min_length']],
      ['73 bytes of ASCII', 'x'.repeat(73), ['max_bytes']],
      ['37 letters of 2 bytes', 'é'.repeat(37), ['max_bytes']],
      ['19 code points of 4 bytes', '😀'.repeat(19), ['max_bytes']],
      ['70 bytes that are over 72 in NFC', `${'x'.repeat(61)}${'\u0958'.repeat(3)}`, ['max_bytes']],
      ['16,000 bytes', 'x'.repeat(16_000), ['max_bytes']],
      ['a common one', 'password', ['common']],
      ['another common one', '12345678', ['common']],
      ['one both common and short', '123456', ['common', 'min_length']]
    ]
    for (const [what, password, rules] of rejected) {
      await t.test(`${what} are rejected: ${rules.join(', ')}`, async (t) => {
        const errors = rules.map((rule) => ({ path: '/password', rule }))
        refused(t, await register({ username: unique(), password }), 400, 'PASSWORD_REJECTED', { errors })
      })
    }
  })

  await t.test('a password is not the username or the email, in any letter case', async (t) => {
    const username = unique('Ada')
    const email = `${unique('Ada')}@Example.com`
    for (const password of [username, username.toUpperCase(), email, email.toLowerCase()]) {
      const errors = [{ path: '/password', rule: 'same_as_name' }]
      refused(t, await register({ username, email, password }), 400, 'PASSWORD_REJECTED', { errors })
    }
    // No common password has this form.
    const short = `x-${tail().slice(0, 3)}`
    refused(t, await register({ username: short, password: short.toUpperCase() }), 400, 'PASSWORD_REJECTED', {
      errors: [
        { path: '/password', rule: 'min_length' },
        { path: '/password', rule: 'same_as_name' }
      ]
    })
    t.equal((await register({ username, password: `${username}!` })).status, 201, 'but may hold it')
  })

  await t.test('a password that is rejected makes no account', async (t) => {
    const username = unique()
    t.equal((await register({ username, password: 'short' })).status, 400)
    t.equal((await register({ username, password: PASSWORD })).status, 201)
  })

  await t.test('a password that would take long to normalise is rejected', async (t) => {
    for (const password of ['\u0301\u0316'.repeat(3500), 'e\u0301'.repeat(2000), 'x'.repeat(15_000)]) {
      const errors = [{ path: '/password', rule: 'max_bytes' }]
      refused(t, await register({ username: unique(), password }), 400, 'PASSWORD_REJECTED', { errors })
    }
  })

  await t.test('a password is neither trimmed nor cut, nor is its letter case changed', async (t) => {
    const username = unique()
    const password = ` ${'Pässword😀'.repeat(4)} `
    t.equal((await register({ username, password })).status, 201)
    t.equal((await login({ username, password: password.normalize('NFD') })).status, 200, 'but for NFC')
    const others = [
      password.trim(),
      password.trimStart(),
      password.trimEnd(),
      `${password} `,
      password.toLowerCase(),
      password.toUpperCase(),
      password.slice(0, -3),
      password.normalize('NFKD').replaceAll(/\u0308/g, '')
    ]
    for (const other of others) refused(t, await login({ username, password: other }), 401, 'INVALID_CREDENTIALS')
  })

  await t.test('compatible characters are not the same (NFC, not NFKC)', async (t) => {
    const username = unique()
    t.equal((await register({ username, password: 'ﬁﬁﬁﬁ-①②③④' })).status, 201)
    refused(t, await login({ username, password: 'fifififi-1234' }), 401, 'INVALID_CREDENTIALS')
  })

  await t.test('a name is unique without regard to case', async (t) => {
    const username = unique('Ada')
    const email = `${unique('Ada')}@Example.com`
    const { status } = await register({ username, email, password: PASSWORD })
    t.equal(status, 201)
    const rows: [string, Record<string, string>, string[]][] = [
      ['the username', { username }, ['username']],
      ['the username in another case', { username: username.toUpperCase() }, ['username']],
      ['the email', { email }, ['email']],
      ['the email in another case', { email: email.toLowerCase() }, ['email']],
      ['the username with a new email', { username, email: `${unique()}@example.com` }, ['username']],
      ['the email with a new username', { username: unique(), email: email.toUpperCase() }, ['email']],
      ['both', { username: username.toLowerCase(), email }, ['email', 'username']]
    ]
    for (const [what, names, taken] of rows) {
      await t.test(`${what} is taken`, async (t) => {
        const errors = taken.map((name) => ({ path: `/${name}`, rule: 'taken' }))
        refused(t, await register({ ...names, password: PASSWORD }), 409, 'ACCOUNT_EXISTS', { errors })
      })
    }
    await t.test('a new name beside a taken one stays free', async (t) => {
      const free = unique()
      t.equal((await register({ username: free, email, password: PASSWORD })).status, 409)
      t.equal((await register({ username: free, password: PASSWORD })).status, 201)
    })
  })

  await t.test('of registrations of one name at once, one gets it', async (t) => {
    const id = unique('Race')
    const rows: [string, (i: number) => Record<string, string>][] = [
      ['a username', (i) => ({ username: i % 2 ? id.toUpperCase() : id.toLowerCase() })],
      ['an email', (i) => ({ email: `${i % 2 ? id.toUpperCase() : id}@example.com` })],
      ['one of two names', (i) => ({ username: unique(), email: `two.${id}@${i % 2 ? 'EXAMPLE' : 'example'}.com` })],
      ['both, crosswise', (i) => ({ username: `x${id}`, email: `x${id}${i % 2}@example.com` })]
    ]
    for (const [what, names] of rows) {
      await t.test(what, async (t) => {
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, i) => register({ ...names(i), password: PASSWORD }))
        )
        const lost = answers.filter(({ status }) => status !== 201)
        t.equal(lost.length, 7)
        for (const { status, json } of lost) {
          t.strictSame([status, json.code, json.errors.length > 0], [409, 'ACCOUNT_EXISTS', true])
        }
      })
    }
  })

  await t.test('POST /login answers 200 with tokens', async (t) => {
    const username = unique('Ada')
    const email = `${unique('Ada')}@Example.com`
    t.equal((await register({ username, email, password: PASSWORD })).status, 201)
    const names = [{ username }, { email }, { username: username.toUpperCase() }, { email: email.toLowerCase() }]
    for (const name of names) {
      await t.test(`for ${Object.keys(name)} as ${Object.values(name)}`, async (t) => {
        const { status, json } = await login({ ...name, password: PASSWORD })
        const { access_token, refresh_token, ...rest } = json
        t.equal(status, 200)
        t.strictSame(rest, { token_type: 'Bearer', expires_in: 900 })
        t.match(access_token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
        t.match(refresh_token, /^[\x21-\x7e]{43,512}$/)
      })
    }
    const [one, two] = [await login({ username, password: PASSWORD }), await login({ username, password: PASSWORD })]
    t.not(one.json.access_token, two.json.access_token)
    t.not(one.json.refresh_token, two.json.refresh_token)
  })

  await t.test('blanks at the ends of a name do not count', async (t) => {
    const names = { username: unique('ada'), email: `${unique('ada')}@example.com` }
    t.equal((await register({ ...names, password: PASSWORD })).status, 201)
    for (const name of [
      { username: ` ${names.username}\t` },
      { username: `${names.username}\r\n` },
      { email: `\u00a0${names.email}\u3000` }
    ]) {
      t.equal((await login({ ...name, password: PASSWORD })).status, 200, JSON.stringify(name))
      refused(t, await login({ ...name, password: 'wrong' }), 401, 'INVALID_CREDENTIALS')
    }
  })

  await t.test(
    'any name of 1 to 254 and any password of 1 to 1024 characters that is not right is a 401',
    async (t) => {
      const username = unique('ada')
      const email = `${unique('ada')}@example.com`
      const long = 'kTq.w7Zp'.repeat(9)
      t.equal((await register({ username, email, password: long })).status, 201)
      const rows: [string, Record<string, string>][] = [
        ['a wrong password', { username, password: PASSWORD }],
        ['a wrong password by email', { email, password: PASSWORD }],
        ['an unknown username', { username: unique(), password: long }],
        ['an unknown email', { email: `${unique()}@example.com`, password: long }],
        ['a password that goes on after 72 right bytes', { username, password: `${long}x` }],
        ['one that goes on for long', { username, password: long.padEnd(1024, 'x') }],
        ['all but the last byte', { username, password: long.slice(0, -1) }],
        ['the email as username', { username: email, password: long }],
        ['the username as email', { email: username, password: long }],
        ['the name with a blank inside', { username: `${username.slice(0, 3)} ${username.slice(3)}`, password: long }],
        ['the shortest', { username: 'x', password: 'x' }],
        ['blanks', { username: ' ', password: ' ' }],
        ['an email that is none', { email: 'x', password: 'x' }],
        ['the longest', { username: 'x'.repeat(254), password: 'x'.repeat(1024) }],
        ['the longest of two UTF-16 units each', { email: '😀'.repeat(254), password: '😀'.repeat(1024) }],
        ['a pattern of SQL', { username: '%', password: long }],
        ['SQL', { username: `${username}' --`, password: long }],
        ['control characters', { username: '\u0001\u001b[31m', password: '\u007f' }]
      ]
      const answers: Answer[] = []
      for (const [what, body] of rows) {
        await t.test(what, async (t) => {
          const answer = await login(body)
          refused(t, answer, 401, 'INVALID_CREDENTIALS')
          answers.push(answer)
          const { 'x-request-id': _, date: __, ...headers } = answer.headers
          const { 'x-request-id': ___, date: ____, ...first } = (answers[0] ?? answer).headers
          t.strictSame([headers, answer.body], [first, answers[0]?.body], 'and cannot be told from the others')
        })
      }
      t.equal((await login({ username, password: long })).status, 200, 'the right one is still right')
    }
  )

  await t.test('a name or a password beyond that does not fit', async (t) => {
    const rows: [Record<string, string>, string[]][] = [
      [{ username: '', password: PASSWORD }, ['/username']],
      [{ email: '', password: PASSWORD }, ['/email']],
      [{ username: 'ada', password: '' }, ['/password']],
      [{ username: 'x'.repeat(255), password: PASSWORD }, ['/username']],
      [{ email: '😀'.repeat(255), password: PASSWORD }, ['/email']],
      [{ username: 'ada', password: 'x'.repeat(1025) }, ['/password']],
      [{ username: 'ada', password: '😀'.repeat(1025) }, ['/password']],
      [{ username: '', password: '' }, ['/password', '/username']]
    ]
    for (const [body, paths] of rows) {
      const errors = paths.map((path) => ({ path }))
      refused(t, await login(body), 400, 'VALIDATION_FAILED', { errors })
    }
  })

  await t.test('GET /secret and GET /me', async (t) => {
    const username = unique('Ada')
    const email = `${unique('Ada')}@Example.com`
    const named = await signIn(client, { username, email })
    const nameless = await signIn(client, { email: `${unique()}@example.com` })

    await t.test('/secret names the user by username', async (t) => {
      const { status, json } = await client.request({ path: '/secret', headers: bearer(named.access_token) })
      t.strictSame([status, Object.keys(json)], [200, ['message']])
      t.ok(json.message.includes(username))
    })
    await t.test('/secret names the user by id where there is no username', async (t) => {
      const { status, json } = await client.request({ path: '/secret', headers: bearer(nameless.access_token) })
      t.strictSame([status, Object.keys(json)], [200, ['message']])
      t.ok(json.message.includes(nameless.user.id))
    })
    await t.test('/me answers with the user of /register', async (t) => {
      for (const { access_token, user } of [named, nameless]) {
        const { status, json } = await client.request({ path: '/me', headers: bearer(access_token) })
        t.strictSame([status, json], [200, user])
      }
    })
    await t.test('both refuse who brings no token', async (t) => {
      for (const path of ['/secret', '/me']) refused(t, await client.request({ path }), 401, 'TOKEN_MISSING')
    })
    await t.test('both refuse a refresh token', async (t) => {
      for (const path of ['/secret', '/me']) {
        refused(t, await client.request({ path, headers: bearer(named.refresh_token) }), 401, 'TOKEN_INVALID')
      }
    })
    await t.test('a token is taken from the Authorization header alone', async (t) => {
      const body = `access_token=${named.access_token}`
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      refused(t, await client.request({ method: 'GET', path: '/secret', headers: type, body }), 401, 'TOKEN_MISSING')
      refused(t, await client.request({ path: `/secret?${body}` }), 401, 'TOKEN_MISSING')
      refused(t, await client.request({ path: '/secret', headers: { cookie: body } }), 401, 'TOKEN_MISSING')
    })
  })
})
