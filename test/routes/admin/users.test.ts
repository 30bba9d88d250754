import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, bearer, build, cutOff, NO_SERVER, PASSWORD, post, refusal, testClock } from '../../helpers/app.ts'
import { letters } from '../../helpers/letters.ts'
import {
  actsOf,
  addAccount,
  DONE,
  FORBIDDEN,
  invalid,
  LAST_ADMIN,
  NOBODY,
  NOT_FOUND,
  operator,
  ROLE_PROTECTED,
  STALE
} from '../../helpers/operator.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const NO_FACTORS = { required: false, totp: null, passkeys: 0, recovery_codes: 0 }
const taken = (...names: string[]) => ({
  statusCode: 409,
  body: refusal(
    409,
    'Conflict',
    'ACCOUNT_EXISTS',
    'The name is taken.',
    names.map((name) => ({ path: `/${name}`, message: 'is taken', rule: 'taken' }))
  )
})

test('accounts at the admin API', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock, environment: { ...NO_SERVER, RESERVED_USERNAMES: 'root' } })
  const database = fastify.database.open()
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const acts = async () => {
    await fastify.audit.flush()
    const all = await actsOf(fastify)
    await database.query(sql`TRUNCATE audit, audit_head`)
    return all.map(({ actor, action, account, detail }) => [actor, action, account, detail])
  }
  const by = { by: admin.id }
  t.beforeEach(() => database.query(sql`DELETE FROM users WHERE id NOT IN (${admin.id}, ${support.id})`))
  t.beforeEach(() => database.query(sql`DELETE FROM resting_usernames`))
  t.beforeEach(async () => void (await acts()))

  await t.test('GET /users', async (t) => {
    const ids = [
      await addAccount(fastify, { username: 'bob', roles: ['editor'] }),
      await addAccount(fastify, { username: 'carol', email: 'Carol@example.com', hash: null })
    ]

    {
      const { statusCode, body } = await admin.call('GET', '/users')
      t.equal(statusCode, 200)
      t.match(body.users[0], { created_at: TIME, last_login_at: null })
      const { created_at: _, ...carol } = body.users[0]
      t.strictSame(carol, {
        id: ids[1],
        username: 'carol',
        email: 'Carol@example.com',
        email_verified: false,
        disabled_at: null,
        last_login_at: null,
        roles: [],
        has_password: false
      })
      t.match(body.users[3], { id: admin.id, roles: ['admin'], last_login_at: TIME, has_password: true })
      t.equal(body.next, null)
    }

    {
      const seen: string[] = []
      let next = ''
      do {
        const { body } = await admin.call('GET', `/users?limit=3${next && `&cursor=${next}`}`)
        seen.push(...body.users.map(({ id }: { id: string }) => id))
        next = body.next
      } while (next)
      t.strictSame(seen, [...ids.toReversed(), support.id, admin.id])
    }

    const found: [query: string, count: number][] = [
      ['search=CAR', 1],
      ['username=BOB', 1],
      ['email=carol%40example.com', 1],
      ['role=editor', 1],
      ['state=invited', 1],
      ['created_after=2999-01-01T00:00:00Z', 0],
      ['created_after=9999-12-31T23:59:59Z&created_before=0001-01-01T00:00:00Z', 0],
      ['created_before=1999-12-31T23:59:59%2B01:00', 0],
      ['search=c&state=active&role=editor', 0]
    ]
    for (const [query, count] of found) {
      t.equal((await admin.call('GET', `/users?${query}`)).body.users.length, count, query)
    }

    type Refused = [query: string, path: string, message: string]
    const refused: Refused[] = [
      ['limit=0', '/limit', 'must be a number from 1 to 200'],
      ['limit=201', '/limit', 'must be a number from 1 to 200'],
      ['limit=5&limit=6', '/limit', 'must be string'],
      ['limit=0x10', '/limit', 'must be a number from 1 to 200'],
      ['cursor=x', '/cursor', 'must be `next` of a page'],
      [`search=${'x'.repeat(255)}`, '/search', 'must have at most 254 characters'],
      ['search=', '/search', 'must have at least 1 characters'],
      [
        'search=%20%C2%A0',
        '/search',
        'must be text without control characters: the start of a username or an email address, in any letter case'
      ],
      ['role=Editor', '/role', 'must be a lower-case letter, then letters, digits, underscores and hyphens'],
      ['state=gone', '/state', 'must be equal to one of the allowed values'],
      ['created_after=yesterday', '/created_after', 'must be a time (RFC 3339)'],
      ['created_before=2016-12-31T23:59:60Z', '/created_before', 'must be a time (RFC 3339)'],
      ['created_after=0000-12-31T23:59:59Z', '/created_after', 'must be a time (RFC 3339)'],
      ['created_before=0001-01-01T00:00:00%2b01:00', '/created_before', 'must be a time (RFC 3339)'],
      ['created_before=9999-12-31T23:59:59-01:00', '/created_before', 'must be a time (RFC 3339)'],
      ['offset=1', '/offset', 'is not a known key']
    ]
    for (const [query, path, message] of refused) {
      const { statusCode, body } = await admin.call('GET', `/users?${query}`)
      t.match(
        { statusCode, body },
        { statusCode: 400, body: { code: 'VALIDATION_FAILED', errors: [{ path, message }] } }
      )
    }
    for (const name of ['search', 'username', 'email']) {
      t.equal((await admin.call('GET', `/users?${name}=a%00b`)).statusCode, 400)
    }
    t.strictSame(await acts(), [], 'reading is not recorded')
  })

  await t.test('GET /users/:id', async (t) => {
    const id = await addAccount(fastify, { username: 'bob', email: 'bob@example.com', verified: true })
    const { statusCode, body } = await support.call('GET', `/users/${id}`)
    t.equal(statusCode, 200)
    t.match(body.created_at, TIME)
    t.strictSame(body, {
      id,
      username: 'bob',
      email: 'bob@example.com',
      email_verified: true,
      created_at: body.created_at,
      disabled_at: null,
      last_login_at: null,
      roles: [],
      has_password: true,
      metadata: {},
      factors: NO_FACTORS,
      limits: [
        { name: 'username', wrong_passwords: 0, blocked_for: 0 },
        { name: 'email', wrong_passwords: 0, blocked_for: 0 }
      ]
    })
    t.strictSame(await support.call('GET', `/users/${NOBODY}`), NOT_FOUND)
    t.match(await support.call('GET', '/users/1'), { statusCode: 400, body: { errors: [{ path: '/id' }] } })
  })

  await t.test('POST /users', async (t) => {
    await t.test('creates an account that signs in', async (t) => {
      const id = '0198a3c2-7f00-7000-8000-00000000abcd'
      const given = {
        id: id.toUpperCase(),
        username: 'bob',
        email: 'bob@example.com',
        email_verified: true,
        password: PASSWORD,
        roles: ['writer', 'editor', 'editor'],
        metadata: { plan: 'pro', nothing: null }
      }
      const { statusCode, body } = await admin.call('POST', '/users', given)
      t.equal(statusCode, 201)
      const { password: _, ...rest } = given
      const created = { ...rest, id, roles: ['editor', 'writer'], has_password: true, factors: NO_FACTORS }
      t.match(body, created)
      t.strictSame(body, (await admin.call('GET', `/users/${id}`)).body)
      t.equal((await post(fastify, '/login', { username: 'bob', password: PASSWORD })).statusCode, 200)
      const detail = { roles_before: [], roles: ['editor', 'writer'], ...by }
      t.strictSame(await acts(), [['admin', 'user created', id, detail]])
      t.strictSame(await letters(fastify), [])
    })

    await t.test('without a password nobody signs in by one', async (t) => {
      t.match(await admin.call('POST', '/users', { username: 'bob' }), {
        statusCode: 201,
        body: { has_password: false }
      })
      t.equal((await post(fastify, '/login', { username: 'bob', password: '!' })).statusCode, 401)
    })

    await t.test('invites the owner of the address, who chooses the password', async (t) => {
      const { body } = await admin.call('POST', '/users', { email: 'Eve@example.com', invite: true })
      t.strictSame(await acts(), [
        ['admin', 'user created', body.id, by],
        ['admin', 'user invited', body.id, by]
      ])
      const [invitation] = await letters(fastify)
      t.match(invitation, {
        template: 'invitation',
        recipient: 'Eve@example.com',
        variables: { name: 'Eve@example.com', expires_in: { seconds: 604_800 } }
      })
      t.equal((await admin.call('GET', '/users?state=invited')).body.users.length, 1)
      const reset = { token: invitation?.token, new_password: PASSWORD }
      t.equal((await post(fastify, '/password/reset', reset)).statusCode, 204)
      t.match((await admin.call('GET', `/users/${body.id}`)).body, { email_verified: true, has_password: true })
      t.equal((await admin.call('GET', '/users?state=invited')).body.users.length, 0)
    })

    await t.test('gives a reserved username to whom an administrator wants', async (t) => {
      t.equal((await post(fastify, '/register', { username: 'root', password: PASSWORD })).statusCode, 409)
      t.equal((await admin.call('POST', '/users', { username: 'root' })).statusCode, 201)
    })

    await addAccount(fastify, { username: 'bob', email: 'bob@example.com' })
    const refused: [what: string, body: object, refusal: object][] = [
      ['no name', {}, { statusCode: 400 }],
      ['an unknown key', { username: 'eve', admin: true }, invalid('/admin', 'is not a known key')],
      ['a bad role', { username: 'eve', roles: ['Admin'] }, { statusCode: 400 }],
      ['17 roles', { username: 'eve', roles: Array.from({ length: 17 }, (_, i) => `r${i}`) }, { statusCode: 400 }],
      ['metadata that is no object', { username: 'eve', metadata: [] }, invalid('/metadata', 'must be object')],
      [
        'too much metadata',
        { username: 'eve', metadata: { a: 'x'.repeat(4096) } },
        invalid('/metadata', 'must have at most 4096 bytes as JSON', 'too_large')
      ],
      [
        'a number in metadata that would lose digits',
        { username: 'eve', metadata: { a: [2 ** 53] } },
        invalid('/metadata/a/0', 'must be a number from -(2^53 - 1) to 2^53 - 1; send another one as text')
      ],
      [
        'too much metadata, whatever the password',
        { username: 'eve', password: 'short', metadata: { a: 'x'.repeat(4096) } },
        invalid('/metadata', 'must have at most 4096 bytes as JSON', 'too_large')
      ],
      [
        'a verified address that is not there',
        { username: 'eve', email_verified: true },
        invalid('/email_verified', 'the account has no email address')
      ],
      [
        'an invitation without an address',
        { username: 'eve', invite: true },
        invalid('/email', 'is required for an invitation')
      ],
      [
        'an invitation with a password',
        { email: 'eve@example.com', password: PASSWORD, invite: true },
        invalid('/password', 'must not be sent with an invitation')
      ],
      [
        'a short password',
        { username: 'eve', password: 'short' },
        { statusCode: 400, body: { code: 'PASSWORD_REJECTED' } }
      ]
    ]
    for (const [what, body, expected] of refused) {
      await t.test(`refuses ${what}`, async (t) => {
        t.match(await admin.call('POST', '/users', body), expected)
        t.strictSame(await acts(), [])
        t.strictSame(await letters(fastify), [])
      })
    }

    await t.test('refuses a name, an id or a reserved address that is taken', async (t) => {
      const id = await addAccount(fastify, { username: 'bob', email: 'bob@example.com' })
      const refused = await admin.call('POST', '/users', {
        id,
        username: 'BOB',
        email: 'Bob@example.com',
        invite: true
      })
      t.strictSame(refused, taken('id', 'username', 'email'))
      await database.query(sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
        VALUES (gen_random_uuid(), ${id}, 'before@example.com', 1, now() + interval '1 hour')`)
      t.strictSame(await admin.call('POST', '/users', { email: 'before@example.com' }), taken('email'))
      t.equal((await admin.call('GET', '/users')).body.users.length, 3)
    })
  })

  await t.test('PATCH /users/:id', async (t) => {
    await t.test('stores a number of metadata as it was sent, or refuses it', async (t) => {
      const id = await addAccount(fastify, { username: 'numbers' })
      const patch = async (payload: string) => {
        const headers = { ...bearer(admin.token), 'content-type': 'application/json' }
        return answer(await fastify.inject({ method: 'PATCH', url: `/admin/users/${id}`, headers, payload }))
      }
      const refused = invalid('/metadata/a', 'must be a number from -(2^53 - 1) to 2^53 - 1; send another one as text')
      t.strictSame(await patch('{"metadata": {"a": 1e400}}'), refused)
      t.strictSame(await patch('{"metadata": {"a": 9007199254740993}}'), refused)
      const { body } = await patch('{"metadata": {"a": 9007199254740991, "b": -0, "c": 1.5e-7, "d": "1e400"}}')
      t.strictSame(body.metadata, { a: 9007199254740991, b: 0, c: 1.5e-7, d: '1e400' })
    })

    await t.test('changes all that is given, and says so', async (t) => {
      const id = await addAccount(fastify, { username: 'bob', roles: ['writer'] })
      await admin.call('PATCH', `/users/${id}`, { metadata: { plan: 'free', team: { size: 3, name: 'x' } } })
      await acts()
      const patch = {
        username: 'robert',
        email: 'robert@example.com',
        email_verified: true,
        roles: ['reader', 'editor'],
        metadata: { plan: null, team: { size: 4 } },
        disabled: true
      }
      const { statusCode, body } = await admin.call('PATCH', `/users/${id}`, patch)
      t.equal(statusCode, 200)
      t.match(body, {
        id,
        username: 'robert',
        email: 'robert@example.com',
        email_verified: true,
        roles: ['editor', 'reader'],
        metadata: { team: { size: 4, name: 'x' } },
        disabled_at: TIME
      })
      t.strictSame(body, (await admin.call('GET', `/users/${id}`)).body)
      t.strictSame(await acts(), [
        ['admin', 'user changed', id, { changed: ['username', 'email', 'email_verified', 'metadata'], ...by }],
        ['admin', 'roles changed', id, { roles_before: ['writer'], roles: ['editor', 'reader'], ...by }],
        ['admin', 'user disabled', id, { count: 0, ...by }]
      ])
      t.strictSame(await letters(fastify), [])
    })

    await t.test('disables once, ends the sessions, and enables', async (t) => {
      const bob = await operator(fastify, 'bob', [])
      await acts()
      const first = await admin.call('PATCH', `/users/${bob.id}`, { disabled: true })
      clock.advance(1)
      const again = await admin.call('PATCH', `/users/${bob.id}`, { disabled: true })
      t.strictSame(again.body, first.body)
      const [session] = await database.query(sql`SELECT end_reason FROM sessions WHERE user_id = ${bob.id}`)
      t.strictSame(session, { end_reason: 'disabled' })
      t.match((await admin.call('PATCH', `/users/${bob.id}`, { disabled: false })).body, { disabled_at: null })
      await admin.call('PATCH', `/users/${bob.id}`, { disabled: false })
      t.strictSame(await acts(), [
        ['admin', 'user disabled', bob.id, { count: 1, ...by }],
        ['admin', 'user enabled', bob.id, by]
      ])
    })

    await t.test('tells a verified address that it was replaced, and the new one how to verify it', async (t) => {
      const id = await addAccount(fastify, { username: 'bob', email: 'bob@example.com', verified: true })
      const { body } = await admin.call('PATCH', `/users/${id}`, { email: 'new@example.com' })
      t.match(body, { email: 'new@example.com', email_verified: false })
      const sent = (await letters(fastify)).map(({ template, recipient }) => [template, recipient])
      t.strictSame(sent.sort(), [
        ['email-changed', 'bob@example.com'],
        ['verify-email', 'new@example.com']
      ])
    })

    await t.test('keeps an address verified that changes only its letter case', async (t) => {
      const id = await addAccount(fastify, { email: 'bob@example.com', verified: true })
      t.match((await admin.call('PATCH', `/users/${id}`, { email: 'Bob@example.com' })).body, { email_verified: true })
      t.match((await admin.call('PATCH', `/users/${id}`, { email_verified: false })).body, { email_verified: false })
      t.match((await admin.call('PATCH', `/users/${id}`, { email_verified: true })).body, { email_verified: true })
      t.strictSame(await letters(fastify), [])
    })

    await t.test('takes a name away, but not the last', async (t) => {
      const id = await addAccount(fastify, { username: 'bob', email: 'bob@example.com', verified: true })
      const change = (patch: object) => admin.call('PATCH', `/users/${id}`, patch)
      t.match((await change({ username: null })).body, { username: null, email: 'bob@example.com' })
      t.equal((await post(fastify, '/register', { username: 'bob', password: PASSWORD })).statusCode, 409, 'it rests')
      t.strictSame(await change({ email: null }), invalid('/email', 'is the last name of the account'))
      t.match((await change({ email: null, username: 'bob' })).body, {
        username: 'bob',
        email: null,
        email_verified: false
      })
      t.strictSame(await change({ username: null }), invalid('/username', 'is the last name of the account'))
      t.match((await change({ username: null, email: 'b@example.com' })).body, {
        username: null,
        email: 'b@example.com'
      })
      t.equal((await change({ username: null })).statusCode, 200, 'again')
      t.match((await change({ username: null, email: null })).body.errors, [{ path: '/username' }, { path: '/email' }])
    })

    await t.test('a name that is taken changes nothing', async (t) => {
      const id = await addAccount(fastify, { username: 'bob', roles: ['a'] })
      await addAccount(fastify, { username: 'carol', email: 'carol@example.com' })
      const patch = { metadata: { a: 1 }, roles: ['b'], disabled: true }
      t.strictSame(await admin.call('PATCH', `/users/${id}`, { ...patch, username: 'CAROL' }), taken('username'))
      t.strictSame(await admin.call('PATCH', `/users/${id}`, { ...patch, email: 'carol@EXAMPLE.com' }), taken('email'))
      t.match((await admin.call('GET', `/users/${id}`)).body, { metadata: {}, roles: ['a'], disabled_at: null })
      t.strictSame(await acts(), [])
    })

    const id = await addAccount(fastify, { username: 'zoe' })
    const refused: [what: string, patch: object, refusal: object][] = [
      ['nothing', {}, { statusCode: 400, body: { code: 'VALIDATION_FAILED' } }],
      ['an unknown key', { id: NOBODY }, invalid('/id', 'is not a known key')],
      [
        'a verified address that is not there',
        { email_verified: true },
        invalid('/email_verified', 'the account has no email address')
      ],
      [
        'too much metadata',
        { metadata: { a: 'x'.repeat(4096) } },
        invalid('/metadata', 'must have at most 4096 bytes as JSON', 'too_large')
      ],
      ['a role that is none', { roles: ['a b'] }, { statusCode: 400 }],
      ['null for roles', { roles: null }, { statusCode: 400 }]
    ]
    for (const [what, patch, expected] of refused) {
      await t.test(`refuses ${what}`, async (t) => {
        await database.query(sql`INSERT INTO users (id, username, created_at) VALUES (${id}, 'zoe', now())`)
        t.match(await admin.call('PATCH', `/users/${id}`, patch), expected)
      })
    }
    t.strictSame(await admin.call('PATCH', `/users/${NOBODY}`, { metadata: {} }), NOT_FOUND)
    t.strictSame(await admin.call('PATCH', `/users/${NOBODY}`, { disabled: true }), NOT_FOUND)
  })

  await t.test('accounts with a reserved role', async (t) => {
    await t.test('are changed by administrators alone', async (t) => {
      const id = await addAccount(fastify, { username: 'bob', roles: ['editor', 'support'] })
      for (const target of [id, admin.id, support.id]) {
        t.strictSame(await support.call('PATCH', `/users/${target}`, { disabled: true }), ROLE_PROTECTED)
      }
      t.equal((await admin.call('PATCH', `/users/${id}`, { disabled: true })).statusCode, 200)
    })

    await t.test('are made by administrators, who can undo that while one is left', async (t) => {
      const { body } = await admin.call('POST', '/users', { username: 'bob', roles: ['admin'] })
      t.match(body, { roles: ['admin'] })
      t.match((await admin.call('PATCH', `/users/${body.id}`, { roles: [] })).body, { roles: [] })
      t.strictSame(await admin.call('PATCH', `/users/${admin.id}`, { roles: ['support'] }), LAST_ADMIN)
      t.strictSame(await admin.call('PATCH', `/users/${admin.id}`, { disabled: true, username: 'x12' }), LAST_ADMIN)
      t.strictSame(await admin.call('DELETE', `/users/${admin.id}`), LAST_ADMIN)
      t.strictSame(await admin.call('DELETE', `/users/${admin.id.toUpperCase()}`), LAST_ADMIN)
      t.match((await admin.call('GET', `/users/${admin.id}`)).body, { username: 'ada.admin', roles: ['admin'] })
      await fastify.audit.flush()
      const refused = (await actsOf(fastify)).filter(({ action }) => action === 'admin refused')
      t.strictSame(
        refused.map(({ account, detail }) => [account, detail?.reason, detail?.route]),
        [
          [admin.id, 'last admin', 'PATCH /admin/users/:id'],
          [admin.id, 'last admin', 'DELETE /admin/users/:id']
        ]
      )
    })

    await t.test('a disabled one is no other administrator', async (t) => {
      const id = await addAccount(fastify, { username: 'bob', roles: ['admin'] })
      t.equal((await admin.call('PATCH', `/users/${id}`, { disabled: true })).statusCode, 200)
      t.strictSame(await admin.call('PATCH', `/users/${admin.id}`, { disabled: true }), LAST_ADMIN)
    })
  })

  await t.test('DELETE /users/:id', async (t) => {
    const id = await addAccount(fastify, { username: 'bob' })
    t.strictSame(await support.call('DELETE', `/users/${id}`), FORBIDDEN)
    t.strictSame(await admin.call('DELETE', `/users/${id}`), DONE)
    t.strictSame(await admin.call('DELETE', `/users/${id}`), NOT_FOUND)
    const all = await acts()
    t.strictSame(
      all.filter(([, action]) => action === 'user deleted'),
      [['admin', 'user deleted', id, { count: 0, ...by }]]
    )
  })

  await t.test('an outage changes nothing', async (t) => {
    const id = await addAccount(fastify, { username: 'bob' })
    const restore = cutOff(fastify)
    t.equal((await admin.call('PATCH', `/users/${id}`, { disabled: true })).statusCode, 503)
    restore()
    t.match((await admin.call('GET', `/users/${id}`)).body, { disabled_at: null })
  })

  await t.test('what no record can be made of is not done', async (t) => {
    const id = await addAccount(fastify, { username: 'bob' })
    await database.query(sql`ALTER TABLE audit ADD CONSTRAINT full_up CHECK (false) NOT VALID`)
    const statuses = [
      await admin.call('PATCH', `/users/${id}`, { disabled: true }),
      await admin.call('DELETE', `/users/${id}`),
      await admin.call('POST', '/users', { email: 'eve@example.com', invite: true })
    ].map(({ statusCode }) => statusCode)
    await database.query(sql`ALTER TABLE audit DROP CONSTRAINT full_up`)
    t.strictSame(statuses, [500, 500, 500])
    const { body } = await admin.call('GET', '/users')
    t.strictSame(
      body.users.map(({ username, disabled_at }: Record<string, unknown>) => [username, disabled_at]).slice(0, 1),
      [['bob', null]]
    )
    t.strictSame(await letters(fastify), [])
  })

  await t.test('with a stale access token only what is harmless', async (t) => {
    const id = await addAccount(fastify, { username: 'bob' })
    clock.advance(700)
    t.match(await admin.call('PATCH', `/users/${id}`, { roles: ['editor'] }), STALE)
    t.match(await admin.call('PATCH', `/users/${id}`, { email: 'b@example.com' }), STALE)
    t.match(await admin.call('PATCH', `/users/${id}`, { email: null }), STALE)
    t.match(await admin.call('POST', '/users', { username: 'eve', roles: ['support'] }), STALE)
    t.match(await admin.call('DELETE', `/users/${id}`), STALE)
    t.equal((await admin.call('PATCH', `/users/${id}`, { disabled: true, metadata: { a: 1 } })).statusCode, 200)
    t.equal((await admin.call('POST', '/users', { username: 'eve', roles: ['editor'] })).statusCode, 201)
  })
})

test('where no mail can be sent nobody is invited', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://id.example', SMTP_URL: '', MAIL_FROM: '' } })
  const admin = await operator(fastify, 'ada.admin')
  t.equal(fastify.mail.available, false)
  t.match(answer(await admin.send('POST', '/users', { email: 'eve@example.com', invite: true })), {
    statusCode: 503,
    body: { code: 'MAIL_UNAVAILABLE' }
  })
  t.equal((await admin.call('GET', '/users')).body.users.length, 1)
  const id = await addAccount(fastify, { email: 'bob@example.com', verified: true })
  t.match((await admin.call('PATCH', `/users/${id}`, { email: 'new@example.com' })).body, { email_verified: false })
  t.strictSame(await letters(fastify), [])
})
