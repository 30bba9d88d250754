import { test } from 'tap'
import { createUsers } from '../../../src/plugin/users.ts'
import { build, PASSWORD, post } from '../../helpers/app.ts'
import { operator } from '../../helpers/operator.ts'

const ABSENT = '0198a3c2-7f00-7000-8000-000000000000'

test('the accounts, for the application around the plugin', async (t) => {
  const fastify = await build(t, {
    environment: { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'no-reply@latchkey.test' }
  })
  const users = createUsers(fastify)
  const ada = await users.create({ username: 'ada', password: PASSWORD, roles: ['editor'], metadata: { plan: 'pro' } })

  await t.test('are created with a password, and found', async (t) => {
    t.match(ada, { username: 'ada', email: null, roles: ['editor'], metadata: { plan: 'pro' }, has_password: true })
    t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 200)
    for (const name of [{ id: ada.id }, { username: 'ADA' }]) t.match(await users.find(name), { id: ada.id })
    for (const name of [{ id: ABSENT }, { id: 'ada' }, { username: 'ad' }, { email: 'ada@example.com' }]) {
      t.equal(await users.find(name), undefined)
    }
  })

  await t.test('are found by one whole name alone', async (t) => {
    for (const name of [{}, { email: undefined }, { state: 'active' }, { id: 5 }, { username: 'ada', role: 'admin' }]) {
      await t.rejects(users.find(name as never), { name: 'TypeError', message: /must be text/ })
    }
    t.equal(await users.find({ username: 'a\0' }), undefined)
  })

  await t.test('are invited', async (t) => {
    const invited = await users.create({ email: 'grace@example.com', invite: true })
    t.match(invited, { email: 'grace@example.com', has_password: false })
    t.match(await users.find({ email: 'GRACE@example.com' }), { id: invited.id })
    const { rows } = await fastify.pg.query('SELECT kind FROM mails')
    t.strictSame(rows, [{ kind: 'invitation' }])
  })

  await t.test('are changed, and each change is recorded', async (t) => {
    t.match(await users.update(ada.id, { email: 'ada@example.com', metadata: { plan: null } }), {
      email: 'ada@example.com',
      metadata: {}
    })
    t.match(await users.update(ada.id, { username: 'lovelace', disabled: true }), { disabled_at: String })
    const { rows } = await fastify.pg.query('SELECT actor, action FROM audit WHERE account = $1 ORDER BY seq', [ada.id])
    t.strictSame(
      rows.filter(({ actor }) => actor === 'service').map(({ action }) => action),
      ['user created', 'user changed', 'user changed', 'user disabled']
    )
  })

  const admin = await operator(fastify, 'boss')
  const refused: [what: string, work: () => Promise<unknown>, expected: object][] = [
    [
      'an unknown key',
      () => users.create({ username: 'eve', admin: true } as never),
      { code: 'VALIDATION_FAILED', errors: [{ path: '/admin', message: 'is not a known key' }] }
    ],
    ['a patch without a change', () => users.update(ada.id, {}), { code: 'VALIDATION_FAILED' }],
    [
      'text that is no Unicode',
      () => users.create({ username: 'eve', metadata: { x: '\ud800' } }),
      { code: 'MALFORMED_REQUEST' }
    ],
    [
      'what is too deep for JSON',
      () => users.update(ada.id, { metadata: JSON.parse(`{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`) }),
      { code: 'MALFORMED_REQUEST', statusCode: 400 }
    ],
    [
      'a number that JSON does not have',
      () => users.update(ada.id, { metadata: { x: 1n } }),
      { code: 'MALFORMED_REQUEST' }
    ],
    ['nothing', () => users.create(undefined as never), { code: 'VALIDATION_FAILED' }],
    ['no text for an id', () => users.update([ada.id] as never, { disabled: true }), { code: 'NOT_FOUND' }],
    ['a short password', () => users.create({ username: 'eve', password: 'x' }), { code: 'PASSWORD_REJECTED' }],
    ['a name that is taken', () => users.create({ username: 'LOVELACE' }), { code: 'ACCOUNT_EXISTS' }],
    ['a reserved name', () => users.create({ username: 'root' }), { code: 'ACCOUNT_EXISTS' }],
    ['a reserved role', () => users.create({ username: 'eve', roles: ['admin'] }), { code: 'ROLE_PROTECTED' }],
    ['an account with a reserved role', () => users.update(admin.id, { metadata: {} }), { code: 'ROLE_PROTECTED' }],
    [
      'an invitation without an address',
      () => users.create({ username: 'eve', invite: true }),
      { code: 'VALIDATION_FAILED' }
    ],
    [
      'an invitation with a password',
      () => users.create({ email: 'eve@example.com', invite: true, password: PASSWORD }),
      { code: 'VALIDATION_FAILED', errors: [{ path: '/password' }] }
    ],
    ['nobody', () => users.update(ABSENT, { disabled: true }), { code: 'NOT_FOUND' }],
    ['what is no id', () => users.update('ada', { disabled: true }), { code: 'NOT_FOUND' }]
  ]
  for (const [what, work, expected] of refused) {
    await t.test(`${what} is refused`, (t) => t.rejects(work(), { name: 'Problem', ...expected }))
  }

  await t.test('refusals by a rule of roles are recorded, once a minute', async (t) => {
    await t.rejects(users.update(admin.id, { disabled: true }), { code: 'ROLE_PROTECTED' })
    await fastify.audit.flush()
    const { rows } = await fastify.pg.query(
      "SELECT actor, account, detail FROM audit WHERE action = 'admin refused' ORDER BY seq"
    )
    t.strictSame(rows, [
      { actor: 'service', account: null, detail: { reason: 'protected role', route: 'users.create' } },
      { actor: 'service', account: admin.id, detail: { reason: 'protected role', route: 'users.update' } }
    ])
  })
})
