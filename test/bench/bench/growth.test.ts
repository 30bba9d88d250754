import { join } from 'node:path'
import { surfaceOf } from '@latchkey/compare/check'
import { Unexpected } from '@latchkey/compare/measure/load'
import { test } from 'tap'
import { growAccounts } from '../../../bench/bench/growth.ts'
import { ProgramError } from '../../../bench/bench/programs.ts'
import { environmentOf } from '../../../bench/bench/stores.ts'
import { build, PASSWORD, post } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'
import { fakes } from './fake.ts'

test('accounts are added, and each time logins and reads are measured round by round', async (t) => {
  const { place, store, imported } = fakes(t)
  const told: string[] = []
  const progress = (what: string, done: number) => told.push(`${what}: ${done}`)
  const growth = { rounds: 2, seconds: 0.1, clients: [], accounts: [10, 2000], progress }
  const [logins, reads, ...more] = await growAccounts([store('one')], surfaceOf(), place, growth)
  const series = { one: [{ x: 10 }, { x: 2000 }] }
  t.strictSame(more, [])
  t.match(logins, {
    ...{ title: 'A login by accounts, bcrypt at cost 10', x: 'accounts' },
    ...{ label: 'median latency', unit: 'ms', better: 'less', series }
  })
  t.match(reads, {
    ...{ title: '/me by accounts', x: 'accounts' },
    ...{ label: 'answers a second', unit: '/s', better: 'more', series }
  })
  for (const curve of [logins, reads]) {
    const values = Object.values(curve?.series ?? {}).flatMap((points) => points.map(({ values }) => values))
    t.strictSame(
      values.map((rounds) => rounds.filter((value) => Number(value) > 0).length),
      [2, 2]
    )
  }
  // A first start makes the database. In each round one that renews the token, and three that are timed.
  t.strictSame(imported().split('\n'), [
    'stopped after 0 logins',
    '--json users import: account0 to account9',
    'stopped after 8 logins',
    '--json users import: account10 to account1999',
    'stopped after 8 logins',
    ''
  ])
  t.strictSame(told, [
    'one: 10 accounts, importing: 0',
    'one: 10 accounts, round 1 of 2: 0',
    'one: 10 accounts, round 2 of 2: 0.25',
    'one: 2,000 accounts, importing: 0.5',
    'one: 2,000 accounts, round 1 of 2: 0.5',
    'one: 2,000 accounts, round 2 of 2: 0.75'
  ])
})

test('an import that fails ends it', async (t) => {
  const { place, store } = fakes(t)
  const growth = { rounds: 1, seconds: 0.1, clients: [], accounts: [1], progress: () => {} }
  await t.rejects(growAccounts([store('one', 'import')], surfaceOf(), place, growth), {
    constructor: ProgramError,
    message: /^one: Command failed: .* --json users import .*\nno room\n$/
  })
})

test('a load that fails ends it, and the service', async (t) => {
  const { place, store, imported } = fakes(t)
  const growth = { rounds: 1, seconds: 0.1, clients: [], accounts: [1], progress: () => {} }
  await t.rejects(growAccounts([store('one', 'me')], surfaceOf(), place, growth), {
    constructor: Unexpected,
    message: /me has to be answered with 200/
  })
  t.equal(imported(), 'stopped after 0 logins\n--json users import: account0 to account0\nstopped after 4 logins\n')
})

test('a service that does not end well is a fault', async (t) => {
  const { place, store } = fakes(t)
  const growth = { rounds: 1, seconds: 0.1, clients: [], accounts: [1], progress: () => {} }
  await t.rejects(growAccounts([store('one', 'end')], surfaceOf(), place, growth), {
    constructor: ProgramError,
    message: 'one ended with 4:\n'
  })
})

test('what is imported signs in to the service', async (t) => {
  const { place, store } = fakes(t)
  const growth = { rounds: 1, seconds: 0.1, clients: [], accounts: [3], progress: () => {} }
  await growAccounts([store('one')], surfaceOf(), place, growth)
  const database = await migratedDatabase(t)
  const environment = environmentOf(10)
  const run = await operator(t, { database, environment })
  const { code, stdout } = await run(['--json', 'users', 'import', join(place.folder, 'one-3.jsonl')])
  t.match([code, JSON.parse(stdout)], [0, { read: 3, imported: 3 }])
  const fastify = await build(t, { database, environment })
  const login = await post(fastify, '/login', { username: 'account2', password: PASSWORD })
  t.equal(login.statusCode, 200)
  const headers = { authorization: `Bearer ${login.json().access_token}` }
  t.equal((await fastify.inject({ url: '/me', headers })).statusCode, 200)
})
