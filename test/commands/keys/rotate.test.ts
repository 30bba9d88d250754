import { test } from 'tap'
import { build, testClock } from '../../helpers/app.ts'
import { operator } from '../../helpers/command.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('keys rotate', async (t) => {
  const database = await migratedDatabase(t)
  const clock = testClock()
  const fastify = await build(t, { database, clock })
  const run = await operator(t, { database, clock })
  const ring = async () => {
    await fastify.keys.refresh()
    return fastify.keys.jwks().keys.map(({ kid }) => kid)
  }
  const [first] = await ring()

  await t.test('makes a key that is published before it signs, and says when it does', async (t) => {
    const { code, stdout, stderr } = await run(['keys', 'rotate'])
    const kids = await ring()
    const { kid, signsFrom } = fastify.keys.newest()
    const [, said = '', from = ''] = /^Key ([\w-]{43}) signs from (\S+) on\. Until then /.exec(stdout) ?? []
    t.strictSame([code, said, stderr], [0, kid, ''])
    t.ok(Math.abs(Date.parse(from) - signsFrom) < 5000)
    t.strictSame([kids, fastify.keys.signingKey().kid], [[first, kid], first])
  })

  await t.test('makes no other one while that waits', async (t) => {
    const { kid } = fastify.keys.newest()
    for (const words of [
      ['keys', 'rotate'],
      ['keys', 'rotate', '--now']
    ]) {
      const { code, stdout, stderr } = await run(words)
      t.strictSame([code, stdout], [1, ''])
      t.match(stderr, `key ${kid} is already the next to sign, from `)
    }
    t.equal((await ring()).length, 2)
  })

  await t.test('makes one that signs at once in an emergency, and says what that costs', async (t) => {
    clock.advance(360)
    const { code, stdout } = await run(['keys', 'rotate', '--now'])
    await ring()
    const { kid } = fastify.keys.signingKey()
    t.equal(code, 0)
    t.match(stdout, new RegExp(`^Key ${kid} signs from \\S+ on\\. .*for up to 300 s`))
  })

  await t.test('answers with JSON', async (t) => {
    const { kid, signs_from, ...rest } = JSON.parse((await run(['keys', 'rotate', '--json'])).stdout)
    t.equal((await ring()).at(-1), kid)
    t.match(signs_from, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.strictSame(rest, {})
  })
})
