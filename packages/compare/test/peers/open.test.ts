import { existsSync } from 'node:fs'
import { test } from 'tap'
import { openPeers } from '../../src/peers/open.ts'
import { Missing, type Peer } from '../../src/peers/peers.ts'
import { Refusal } from '../../src/refusal.ts'
import { pretend } from './programs.ts'

const SERVER = 'postgres://postgres@127.0.0.1:5432/postgres'

let scratch = ''
const there: Peer = {
  name: 'there',
  dialect: 'there.json',
  prepare(_run, folder) {
    scratch = folder
    return { start: 'exec there', versions: { there: '1.2' } }
  },
  size: () => ({ lines: 1, packages: 2 }),
  settings: (secret) => ({ JWT_SECRET: secret })
}
const gone: Peer = {
  ...there,
  name: 'gone',
  prepare() {
    throw new Missing('its compiler is needed: apt-get install it')
  }
}
const broken: Peer = {
  ...there,
  prepare() {
    throw new Error('a fault of ours')
  }
}

test('each that is there gets a port, a database and a secret of its own', async (t) => {
  const { run, calls } = pretend()
  const told: string[] = []
  const report = (what: string) => told.push(what)
  const opened = await openPeers({ server: SERVER, report, run, peers: [gone, there] })
  t.strictSame(told, ['gone is left out: its compiler is needed: apt-get install it'])
  t.strictSame(opened.versions, { there: '1.2' })
  t.strictSame(
    opened.targets.map(({ name, dialect, start }) => ({ name, dialect, isStarted: start?.startsWith('exec ') })),
    [
      { name: 'latchkey', dialect: undefined, isStarted: true },
      { name: 'there', dialect: 'there.json', isStarted: true }
    ]
  )
  t.strictSame(opened.targets[1]?.size, { lines: 1, packages: 2 })
  const settings = opened.targets.map(({ environment = {} }) => environment)
  t.match(settings, [{ LIMITS: 'off', SECRET_KEY: /^\w{64}$/ }, { JWT_SECRET: /^\w{64}$/ }])
  for (const name of ['PORT', 'DATABASE_URL']) t.equal(new Set(settings.map((each) => each[name])).size, 2, name)
  t.strictSame(
    opened.targets.map(({ url }) => url.href),
    settings.map(({ HOST, PORT }) => `http://${HOST}:${PORT}/`)
  )
  t.ok(existsSync(scratch))
  opened.close()
  t.notOk(existsSync(scratch))
  const statements = calls.flatMap(({ line }) => /(?:CREATE|DROP) DATABASE compare_\w+/.exec(line) ?? [])
  const names = settings.map(({ DATABASE_URL = '' }) => new URL(DATABASE_URL).pathname.slice(1))
  t.strictSame(statements, [
    ...names.map((name) => `CREATE DATABASE ${name}`),
    ...names.reverse().map((name) => `DROP DATABASE ${name}`)
  ])
})

test('without a server there is a temporary one, which is stopped last', async (t) => {
  const { run, calls } = pretend()
  const { targets, close } = await openPeers({ server: undefined, report: () => {}, run, peers: [there] })
  const servers = targets.map(({ environment = {} }) => new URL(String(environment.DATABASE_URL)).host)
  t.equal(new Set(servers).size, 1)
  close()
  t.match(calls.at(-1)?.line, /pg_ctl -D \S+ -m immediate -w stop$/)
})

test('what cannot be opened leaves nothing', async (t) => {
  const refusing = pretend({ psql: { isDone: false, output: 'it refuses' } })
  const options = { server: SERVER, report: () => {}, run: pretend().run }
  const cases = [
    [{ ...options, peers: [gone] }, new Refusal('none of the peers can be started here')],
    [{ ...options, peers: [there, broken] }, new Error('a fault of ours')],
    [
      { ...options, run: refusing.run, peers: [there] },
      new Refusal('the server for the peers created no database: it refuses')
    ]
  ] as const
  for (const [given, error] of cases) await t.rejects(openPeers({ ...given, peers: [...given.peers] }), error)
  t.notOk(existsSync(scratch))
})
