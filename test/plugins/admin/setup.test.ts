import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import setup from '../../../plugins/admin/setup.ts'
import clock from '../../../plugins/clock.ts'
import configuration from '../../../plugins/config.ts'
import { readConfig } from '../../../src/config/config.ts'
import { sql } from '../../../src/database/sql.ts'
import { build, cutOff, listen, signIn } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'
import { embeddedDatabase, migratedDatabase } from '../../helpers/database.ts'

const BY_COMMAND = 'There is no administrator. Create one: latchkey users create --username <name> --role admin'

/** What the log of a start says about administrators. */
async function start(
  t: Test,
  {
    before,
    ...options
  }: Parameters<typeof build>[1] & { before?: (fastify: Awaited<ReturnType<typeof build>>) => unknown }
) {
  const log: string[] = []
  const fastify = await build(t, { ...options, log })
  await before?.(fastify)
  await listen(fastify)
  const told = () => log.map((line) => String(JSON.parse(line).msg)).filter((text) => text.includes('administrator'))
  // The hook is not waited for. Of what it does, each query here is a later one.
  for (let turn = 0; turn < 20 && told().length === 0; turn += 1) {
    await fastify.database
      .open()
      .query(sql`SELECT`)
      .catch(() => {})
  }
  return told()
}

test('the start says that there is no administrator', async (t) => {
  const database = await migratedDatabase(t)
  const environment = { PUBLIC_URL: 'https://auth.example.com' }

  await t.test('with the command that creates one', async (t) => {
    t.strictSame(await start(t, { database, environment }), [BY_COMMAND])
  })

  await t.test('but not if the database cannot be asked', async (t) => {
    const before = async (fastify: Parameters<typeof cutOff>[0]) => t.teardown(cutOff(fastify))
    t.strictSame(await start(t, { database, environment, before }), [])
  })

  await t.test('but not without the admin API', async (t) => {
    t.strictSame(await start(t, { database, environment: { ...environment, ADMIN: 'off' } }), [])
  })

  await t.test('but not if there is one', async (t) => {
    const before = async (fastify: Parameters<typeof signIn>[0]) => {
      const { user } = await signIn(fastify, { username: 'ada' })
      await fastify.database.open().query(sql`UPDATE users SET roles = '{admin}' WHERE id = ${user.id}`)
    }
    t.strictSame(await start(t, { database, environment, before }), [])
  })
})

test('the start of a trial has a link that creates one', async (t) => {
  const database = await embeddedDatabase(t)
  const [text, ...more] = await start(t, { database })
  t.match(
    text,
    /^There is no administrator\. Create one within 30 minutes at http:\/\/127\.0\.0\.1:3000\/console#setup=[\w-]{43}$/
  )
  t.strictSame(more, [])
})

test('a terminal is told as well', async (t) => {
  const told: string[] = []
  const terminal = { isTTY: true, write: (text: string) => told.push(text) }
  const database = fp(
    async (fastify) => void fastify.decorate('database', { open: () => ({ query: async () => [] }) } as never),
    {
      name: 'database'
    }
  )
  const config = readConfig({ PUBLIC_URL: 'https://auth.example.com' })
  const fastify = assemble(t, { plugins: [clock, configuration, database, setup], config, terminal })
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  while (told.length === 0) await new Promise(setImmediate)
  t.strictSame(told, [`  ${BY_COMMAND}\n`])
})
