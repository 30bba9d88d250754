import { type Test, test } from 'tap'
import { bearer, build, PASSWORD, post } from './helpers/app.ts'
import { contentOf, ELSEWHERE, inUse, PASSPHRASE } from './helpers/backups.ts'
import { operator } from './helpers/command.ts'
import { embeddedDatabase, migratedDatabase, type TestDatabase } from './helpers/database.ts'

const PLACES = { embedded: embeddedDatabase, 'as configured': migratedDatabase }

// Where there is a server, as configured is on that.
for (const [from, to] of [
  ['embedded', 'as configured'],
  ['as configured', 'embedded']
] as const) {
  test(`from a database that is ${from} to one that is ${to}`, async (t) => {
    const file = `${t.testdir()}/backup`
    const source = await PLACES[from](t)
    const { run, kid, ...tokens } = await inUse(t, source)
    const before = await contentOf(t, source)
    const made = await run(['backup', file], PASSPHRASE)
    t.equal(made.code, 0, made.stderr)
    t.equal(
      made.stdout,
      `2 accounts, 2 sessions and all other data written to ${file}. The file and the passphrase together give access to everything.\n`
    )

    const target = await PLACES[to](t)
    const there = await operator(t, { database: target, environment: ELSEWHERE })
    const restored = await there(['restore', file], PASSPHRASE)
    t.equal(restored.code, 0, restored.stderr)
    t.match(restored.stdout, /^2 accounts, 2 sessions and all other data from \d{4}-\d\d-\d\dT[\d:.]+Z restored\.\n$/)

    const after = await contentOf(t, target)
    for (const table of ['users', 'sessions', 'email_changes', 'email_tokens', 'mails', 'limits']) {
      t.ok(before[table]?.length, `${table} has rows`)
      t.strictSame(after[table], before[table], table)
    }
    t.strictSame(after.audit?.slice(0, before.audit?.length), before.audit, 'the record goes on')
    t.equal(after.audit?.length, Number(before.audit?.length) + 1)
    t.equal((await there(['audit', 'verify'])).code, 0)
    t.match((await there(['audit', 'list'])).stdout, /operator +backup restored +- +- +count: 2/)

    await worksOn(t, target, tokens, kid)
  })
}

async function worksOn(
  t: Test,
  database: TestDatabase,
  tokens: { access_token: string; refresh_token: string; replayed: string; over: string },
  kid: string
) {
  const fastify = await build(t, { database, environment: ELSEWHERE })
  const secret = (token: string) => fastify.inject({ url: '/secret', headers: bearer(token) })
  const refresh = (refresh_token: string) => post(fastify, '/token/refresh', { refresh_token })
  t.equal((await secret(tokens.access_token)).statusCode, 200)
  t.equal((await fastify.inject({ url: '/me', headers: bearer(tokens.access_token) })).statusCode, 200)
  t.equal(fastify.keys.signingKey().kid, kid)
  const next = await refresh(tokens.refresh_token)
  t.equal(next.statusCode, 200)
  t.equal((await secret(next.json().access_token)).statusCode, 200)
  t.equal((await refresh(tokens.refresh_token)).json().refresh_token, next.json().refresh_token, 'within the grace')
  t.equal((await refresh(tokens.over)).statusCode, 401)
  t.equal((await post(fastify, '/login', { username: 'ADA', password: PASSWORD })).statusCode, 200)
  await fastify.close()
}
