import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { signIn } from '../../helpers/app.ts'
import { done, LAST_ADMIN, UNKNOWN, workplace } from './workplace.ts'

test('users roles', async (t) => {
  const { fastify, run, ask } = await workplace(t)
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const roles = (...words: string[]) => run(['users', 'roles', 'ada', ...words])
  const records = async () => {
    const rows = await fastify.database
      .open()
      .query(sql`SELECT actor, account, detail FROM audit WHERE action = 'roles changed' ORDER BY seq`)
    return rows.map(({ actor, account, detail }) => [actor, account === user.id, detail])
  }

  await t.test('gives roles, takes them, and shows them', async (t) => {
    t.strictSame(await roles(), done('Roles of ada: none'))
    t.strictSame(await roles('+editor', '+admin'), done('Roles of ada: admin, editor'))
    t.strictSame(await roles('-editor', '+author'), done('Roles of ada: admin, author'))
    t.strictSame(await roles('-author', '+editor', '-nothing'), done('Roles of ada: admin, editor'))
    t.match(await ask('users', 'roles', 'ada'), { id: user.id, roles: ['admin', 'editor'] })
    t.match(await ask('users', 'roles', 'ada', '+editor', '-author'), {
      roles: ['admin', 'editor'],
      roles_before: ['admin', 'editor']
    })
  })

  await t.test('records what changed, and nothing where nothing did', async (t) => {
    t.strictSame(await records(), [
      ['operator', true, { roles_before: [], roles: ['admin', 'editor'] }],
      ['operator', true, { roles_before: ['admin', 'editor'], roles: ['admin', 'author'] }],
      ['operator', true, { roles_before: ['admin', 'author'], roles: ['admin', 'editor'] }]
    ])
  })

  await t.test('leaves the sessions and the tokens as they are', async (t) => {
    t.notOk('roles' in (await fastify.tokens.verify(access_token)))
    t.match(await ask('users', 'show', 'ada'), { active_sessions: 1, roles: ['admin', 'editor'] })
  })

  await t.test('takes the role of the last administrator with --force only', async (t) => {
    t.strictSame(await roles('-admin'), { code: 1, stdout: '', stderr: LAST_ADMIN })
    const { code, stderr } = await run(['--json', 'users', 'roles', 'ada', '-admin'])
    t.strictSame(
      [code, JSON.parse(stderr)],
      [1, { error: 'That would leave no enabled administrator.', code: 'LAST_ADMIN' }]
    )
    t.strictSame(await roles('--force', '-admin'), done('Roles of ada: editor'))
    t.strictSame(await roles('+admin'), done('Roles of ada: admin, editor'))
    t.strictSame(await roles('-admin', '--force'), done('Roles of ada: editor'))
  })

  await t.test('refuses what it cannot do', async (t) => {
    t.strictSame(await run(['users', 'roles', 'nobody', '+editor']), UNKNOWN)
    const usage: [words: string[], message: RegExp][] = [
      [['editor'], /It must be \+ or - and the name of a role, such as \+editor\./],
      [['+Editor'], /It must be \+ or - and the name of a role/],
      [['--editor'], /It must be \+ or - and the name of a role/],
      [['-'], /It must be \+ or - and the name of a role/],
      [['+editor', '-editor'], /It names editor twice\./]
    ]
    for (const [words, message] of usage) {
      const { code, stderr } = await roles(...words)
      t.equal(code, 2, words.join(' '))
      t.match(stderr, message)
    }
    const many = Array.from({ length: 16 }, (_, index) => `+role-${index}`)
    t.match(await roles(...many), { code: 1, stderr: 'An account has at most 16 roles.\n' })
  })
})
