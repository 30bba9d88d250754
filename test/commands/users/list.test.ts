import { test } from 'tap'
import { PASSWORD, post } from '../../helpers/app.ts'
import { requireStep } from '../../helpers/enrolled.ts'
import { done, workplace } from './workplace.ts'

test('users list', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  t.strictSame(await run(['users', 'list']), done('ID  USERNAME  EMAIL  CREATED  DISABLED'))
  t.strictSame(await ask('users', 'list'), { users: [], next: null })

  const add = async (names: object) => {
    const { id, created_at } = (await post(fastify, '/register', { ...names, password: PASSWORD })).json()
    return { id, created_at }
  }
  const ada = await add({ username: 'ada', email: 'ada@example.com' })
  const grace = await add({ email: 'grace@example.com' })
  await run(['users', 'disable', 'grace@example.com'])
  await requireStep(fastify.database.open(), ada.id)
  const [, { disabled_at: disabledAt }] = (await ask('users', 'list')).users

  await t.test('shows the accounts', async (t) => {
    const { stdout } = await run(['users', 'list'])
    const [head, ...rows] = stdout.split('\n')
    t.equal(head, `${'ID'.padEnd(38)}USERNAME  ${'EMAIL'.padEnd(19)}${'CREATED'.padEnd(26)}DISABLED`)
    t.strictSame(rows, [
      `${ada.id}  ada       ada@example.com    ${ada.created_at}`,
      `${grace.id}            grace@example.com  ${grace.created_at}  ${disabledAt}`,
      ''
    ])
    const more = { last_login_at: null, roles: [] }
    t.strictSame(await ask('users', 'list'), {
      users: [
        { ...ada, username: 'ada', email: 'ada@example.com', email_verified: false, disabled_at: null, ...more },
        {
          ...grace,
          username: null,
          email: 'grace@example.com',
          email_verified: false,
          disabled_at: disabledAt,
          ...more
        }
      ],
      next: null
    })
  })

  await t.test('says how it goes on where there are more', async (t) => {
    const { stdout } = await run(['users', 'list', '--limit', '1'])
    t.match(stdout, /^ID .*\n.* ada .*\n\nThere are more: --after /)
    t.ok(stdout.endsWith(`--after ${ada.id}\n`))
    const { users, next } = await ask('users', 'list', '--after', ada.id, '--limit', '1')
    t.match([users, next], [[{ id: grace.id }], null])
  })

  const chosen: [words: string[], ids: string[]][] = [
    [['--disabled'], [grace.id]],
    [['--without-second-step'], [grace.id]],
    [['--search', 'ADA'], [ada.id]],
    [['--search', 'grace@'], [grace.id]],
    [['--search', 'race'], []],
    [['--search', 'ada', '--disabled'], []]
  ]
  for (const [words, ids] of chosen) {
    await t.test(`shows those that are asked for: ${words.join(' ')}`, async (t) => {
      const { users } = await ask('users', 'list', ...words)
      t.strictSame(
        users.map(({ id }: { id: string }) => id),
        ids
      )
    })
  }

  await t.test('goes on after an id alone', async (t) => {
    const { code, stdout, stderr } = await run(['users', 'list', '--after', 'ada'])
    t.strictSame([code, stdout], [2, ''])
    t.match(stderr, 'It must be an id')
  })

  await t.test('shows one without an email', async (t) => {
    const hedy = await add({ username: 'hedy' })
    const { stdout } = await run(['users', 'list', '--search', 'hedy'])
    t.equal(stdout.split('\n')[1], `${hedy.id}  hedy             ${hedy.created_at}`)
  })
})
