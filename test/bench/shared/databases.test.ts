import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Refusal } from '@latchkey/compare/refusal'
import { test } from 'tap'
import { openServer } from '../../../bench/shared/databases.ts'
import { CLOSED_PORT, refusingServer } from '../../helpers/servers.ts'
import { administered } from './administered.ts'

test('databases are made on a server, and dropped at the end', async (t) => {
  const { url, statements } = await administered(t)
  const server = await openServer(url)
  t.equal(server.version, '15.8')
  const { host, username, pathname } = new URL(await server.create('rounds'))
  t.strictSame([host, username], [new URL(url).host, 'ada'])
  t.match(pathname, /^\/latchkey_bench_[\da-f]{8}_rounds$/)
  await server.drop()
  const name = pathname.slice(1)
  const expected = ['SHOW server_version', `CREATE DATABASE ${name}`, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`]
  t.strictSame(statements, expected)
  await server.drop()
  t.strictSame(statements, expected, 'once')
})

test('they are dropped where the run is broken off', async (t) => {
  const { url, statements } = await administered(t)
  const module = new URL('../../../bench/shared/databases.ts', import.meta.url).href
  const program = `const { create } = await (await import('${module}')).openServer('${url}')
    await create('one')
    await create('other')
    process.exit()`
  const types = fileURLToPath(new URL('../../helpers/typescript.mjs', import.meta.url))
  await promisify(execFile)(process.execPath, ['--import', types, '--input-type=module', '-e', program])
  t.strictSame(
    statements.map((sql) => sql.replace(/_[\da-f]{8}_/, '_')),
    [
      'SHOW server_version',
      'CREATE DATABASE latchkey_bench_one',
      'CREATE DATABASE latchkey_bench_other',
      'DROP DATABASE IF EXISTS latchkey_bench_one WITH (FORCE)',
      'DROP DATABASE IF EXISTS latchkey_bench_other WITH (FORCE)'
    ]
  )
})

test('a server that cannot be used is told, without its password', async (t) => {
  const port = CLOSED_PORT
  const refusing = await refusingServer(t, '28P01', 'password authentication failed for user "ada"')
  const usage = '--database must be a URL such as postgres://postgres@127.0.0.1:5432/postgres'
  const rows: [string, string][] = [
    ['rubbish', usage],
    ['http://127.0.0.1:5432', usage],
    ['postgres://[', usage],
    [
      `postgres://ada:secret@127.0.0.1:${port}/x`,
      `PostgreSQL at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`
    ],
    [refusing, `PostgreSQL at ${new URL(refusing).host}: password authentication failed for user "ada"`]
  ]
  for (const [url, message] of rows) await t.rejects(openServer(url), new Refusal(message), url)
})

test('who may not make databases hears so', async (t) => {
  const refusal = { statement: 'CREATE', message: 'permission denied to create database' }
  const { url, statements } = await administered(t, refusal)
  const server = await openServer(url)
  const message = `PostgreSQL at ${new URL(url).host}: permission denied to create database`
  await t.rejects(server.create('rounds'), new Refusal(message))
  await server.drop()
  t.match(statements.at(-1), /^DROP DATABASE IF EXISTS latchkey_bench_[\da-f]{8}_rounds WITH \(FORCE\)$/)
})

test('what could not be dropped is dropped later', async (t) => {
  const refusal = { statement: 'DROP', message: 'it is being used' }
  const { url, statements } = await administered(t, refusal)
  const server = await openServer(url)
  const names: string[] = []
  for (const what of ['one', 'other']) names.push(new URL(await server.create(what)).pathname.slice(1))
  const dropping = names.map((name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  statements.length = 0
  refusal.statement = dropping[1] as string
  await t.rejects(server.drop(), new Refusal(`PostgreSQL at ${new URL(url).host}: it is being used`))
  refusal.statement = 'nothing'
  await server.drop()
  t.strictSame(statements, [...dropping, dropping[1]])
})
