import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'tap'
import { createDatabase, startServer } from '../../src/peers/postgres.ts'
import { Refusal } from '../../src/refusal.ts'
import { pretend } from './programs.ts'

const MISSING = { isDone: false, output: 'ENOENT' }

test('a temporary server has a folder of its own, and leaves nothing', async (t) => {
  const debian = t.testdir({ '9.6': {}, '15': {}, '14': {} })
  const { run, calls } = pretend({ [`${debian}/15`]: MISSING })
  const { url, stop } = await startServer(run, false, debian)
  const lines = calls.map(({ line }) => line)
  t.strictSame(lines.slice(0, 2), [`${debian}/15/bin/initdb --version`, `${debian}/14/bin/initdb --version`])
  const [, data = ''] = / -D (\S+) /.exec(lines[2] ?? '') ?? []
  const { port } = new URL(url)
  t.strictSame(lines.slice(2), [
    `${debian}/14/bin/initdb -D ${data} -U postgres -A trust -E UTF8 --no-locale`,
    `${debian}/14/bin/pg_ctl -D ${data} -l ${dirname(data)}/log -w -t 30 -o -p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${dirname(data)} start`
  ])
  t.equal(url, `postgres://postgres@127.0.0.1:${port}/postgres`)
  t.ok(existsSync(dirname(data)))
  stop()
  t.equal(calls.at(-1)?.line, `${debian}/14/bin/pg_ctl -D ${data} -m immediate -w stop`)
  t.notOk(existsSync(dirname(data)))
})

test('root runs it as the account of the server', async (t) => {
  const { run, calls } = pretend()
  const { stop } = await startServer(run, true, `${t.testdir({})}/none`)
  stop()
  const lines = calls.map(({ line }) => line.replaceAll(/\/\S+/g, '…').replace(/-p \d+/, '-p …'))
  t.strictSame(lines, [
    'initdb --version',
    'chown postgres …',
    'runuser -u postgres -- initdb -D … -U postgres -A trust -E UTF8 --no-locale',
    'runuser -u postgres -- pg_ctl -D … -l … -w -t 30 -o -p … -c listen_addresses=127.0.0.1 -c unix_socket_directories=… start',
    'runuser -u postgres -- pg_ctl -D … -m immediate -w stop'
  ])
})

test('without PostgreSQL it is said what is needed, and what did not start is put away', async (t) => {
  const none = `${t.testdir({})}/none`
  await t.rejects(startServer(pretend({ initdb: MISSING }).run, false, none), {
    constructor: Refusal,
    message:
      'the peers need PostgreSQL: name a server with --database or TEST_DATABASE_URL, or apt-get install postgresql'
  })
  const { run, calls } = pretend({ 'initdb -D': { isDone: false, output: 'no space left' } })
  await t.rejects(startServer(run, false, none), {
    constructor: Refusal,
    message: 'a temporary PostgreSQL could not be started:\nno space left'
  })
  t.match(calls.at(-1)?.line, /^pg_ctl -D (\S+) -m immediate -w stop$/)
  t.notOk(existsSync(/-D (\S+)\/data/.exec(String(calls.at(-1)?.line))?.[1] ?? '/'))
})

test('a database is created and dropped, and no password is on a command line', (t) => {
  const { run, calls } = pretend()
  const { url, drop } = createDatabase('postgres://ada:a%20secret@db.example:5433/postgres?sslmode=require', run)
  const [, name] = /^postgres:\/\/ada:a%20secret@db\.example:5433\/(compare_\w{12})\?sslmode=require$/.exec(url) ?? []
  t.type(name, 'string')
  drop()
  const psql = (statement: string) => ({
    line: `psql -XqAt -v ON_ERROR_STOP=1 -c ${statement} postgres://ada@db.example:5433/postgres?sslmode=require`,
    environment: { PGCONNECT_TIMEOUT: '10', PGPASSWORD: 'a secret' }
  })
  t.strictSame(calls, [psql(`CREATE DATABASE ${name}`), psql(`DROP DATABASE ${name} WITH (FORCE)`)])
  t.end()
})

test('a server that creates none says why', (t) => {
  const { run, calls } = pretend({ psql: { isDone: false, output: 'permission denied to create database' } })
  t.throws(
    () => createDatabase('postgres://127.0.0.1/postgres', run),
    new Refusal('the server for the peers created no database: permission denied to create database')
  )
  t.strictSame(calls[0]?.environment, { PGCONNECT_TIMEOUT: '10' })
  t.end()
})
