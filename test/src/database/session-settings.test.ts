import pg from 'pg'
import { type Test, test } from 'tap'
import { ConfiguredClient } from '../../../src/database/session-settings.ts'
import { bearer, build, PASSWORD, post, signIn } from '../../helpers/app.ts'
import { contentOf, ELSEWHERE, inUse, PASSPHRASE } from '../../helpers/backups.ts'
import { operator } from '../../helpers/command.ts'
import { emptyDatabase, migratedDatabase } from '../../helpers/database.ts'
import { handwrittenServer, welcome } from '../../helpers/servers.ts'

test('a connection sets what our SQL relies on when it opens, and nothing that PgBouncer refuses', async (t) => {
  const [sent] = await startupOf(t, (options) => new ConfiguredClient(options))
  t.strictSame(sent, {
    user: 'ada',
    database: 'latchkey',
    application_name: 'latchkey',
    DateStyle: 'ISO, MDY',
    TimeZone: 'UTC',
    standard_conforming_strings: 'on',
    client_encoding: 'UTF8'
  })
})

/** The startup message of a client. */
async function startupOf(t: Test, make: (options: pg.ClientConfig) => pg.Client): Promise<Record<string, string>[]> {
  const sent: Record<string, string>[] = []
  const connectionString = await handwrittenServer(t, (socket, { type, bytes }) => {
    if (type !== '') return
    // Length and protocol version, then names and values.
    const words = bytes.toString('utf8', 8).split('\0').slice(0, -2)
    const pairs = words.flatMap((word, index) => (index % 2 ? [] : [[word, String(words[index + 1])]]))
    sent.push(Object.fromEntries(pairs))
    socket.write(welcome)
  })
  const client = make({ connectionString, application_name: 'latchkey' })
  await client.connect()
  await client.end()
  return sent
}

/** Settings of a server, a database or a role that must not affect the service. */
const SETTINGS: Record<string, string> = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  array_nulls: 'off',
  row_security: 'off',
  quote_all_identifiers: 'on',
  backslash_quote: 'on',
  xmlbinary: 'hex',
  client_encoding: 'LATIN1',
  lock_timeout: '4s'
}

// Only the service configures the embedded database.
if (process.env.TEST_DATABASE_URL) {
  test('a database with unusual settings', async (t) => {
    const source = await emptyDatabase(t)
    const { url } = source as { url: string }
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    for (const [name, value] of Object.entries(SETTINGS)) {
      await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET ${name} = '${value}'`)
    }
    await client.end()

    await t.test('serves people', async (t) => {
      const fastify = await build(t, { database: source, environment: { LIMITS: 'on' } })
      const { user, access_token, refresh_token } = await signIn(fastify, {
        username: 'lovelace',
        email: 'lovelace@example.com'
      })
      const me = await fastify.inject({ url: '/me', headers: bearer(access_token) })
      t.strictSame(me.json(), user)
      t.ok(Math.abs(Date.parse(user.created_at) - Date.now()) < 600_000)
      let present = refresh_token
      for (let round = 0; round < 3; round++) {
        const refresh = () => post(fastify, '/token/refresh', { refresh_token: present })
        const answers = await Promise.all(Array.from({ length: 32 }, refresh))
        t.strictSame([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
        const successors = new Set(answers.map((answer) => answer.json().refresh_token))
        t.equal(successors.size, 1)
        present = [...successors][0]
      }
      const names = Array.from({ length: 8 }, (_, index) => `racer${index % 2}`)
      const registered = await Promise.all(
        names.map((username) => post(fastify, '/register', { username, password: PASSWORD }))
      )
      const statuses = registered.map(({ statusCode }) => statusCode)
      t.equal(statuses.filter((status) => status === 201).length, 2)
      // Two hashes of one name run at a time, and the number of concurrent requests is random.
      t.strictSame(
        statuses.filter((status) => ![201, 409, 503].includes(status)),
        []
      )
      const { sessions } = (await fastify.inject({ url: '/sessions', headers: bearer(access_token) })).json()
      t.equal(sessions.length, 1)
      await fastify.close()
    })

    await t.test('is operated, backed up and restored', async (t) => {
      const { run } = await inUse(t, source)
      const verified = await run(['audit', 'verify'])
      t.equal(verified.code, 0, verified.stdout + verified.stderr)
      const doctor = await run(['doctor'])
      t.match(doctor.stdout, /warning {2}default_transaction_isolation: serializable/)
      t.match(doctor.stdout, /warning {2}lock_timeout: 4000 ms/)
      t.notMatch(doctor.stdout, /DateStyle|encoding/)

      const file = `${t.testdir()}/backup`
      const before = await contentOf(t, source)
      t.equal((await run(['backup', file], PASSPHRASE)).code, 0)
      const target = await migratedDatabase(t)
      const there = await operator(t, { database: target, environment: ELSEWHERE })
      const restored = await there(['restore', file], PASSPHRASE)
      t.equal(restored.code, 0, restored.stderr)
      t.equal((await there(['audit', 'verify'])).code, 0)
      const back = await run(['backup', `${file}-2`], PASSPHRASE)
      t.equal(back.code, 0, back.stderr)
      const again = await run(['restore', `${file}-2`, '--replace', '--yes'], PASSPHRASE)
      t.equal(again.code, 0, again.stderr)
      t.equal((await run(['audit', 'verify'])).code, 0)
      const after = await contentOf(t, source)
      t.strictSame(after.users, before.users)
      t.strictSame(after.sessions, before.sessions)

      const accounts = `${t.testdir()}/accounts`
      t.equal((await run(['users', 'export', accounts])).code, 0)
      const imported = await there(['users', 'import', accounts])
      t.equal(imported.code, 0, imported.stderr)
    })
  })
}
