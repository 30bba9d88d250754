import { test } from 'tap'
import { build, post } from '../../helpers/app.ts'
import { holdConnections } from '../../helpers/held-connections.ts'
import { holdMoments } from '../../helpers/too-long.ts'

test('concurrent requests', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { asked, begun, settle } = holdConnections(t, fastify)
  /** A number of refreshes, whose only statements count them. */
  const refreshes = (count: number) =>
    Array.from({ length: count }, () => post(fastify, '/token/refresh', { refresh_token: 'x' }))
  const invalid = (count: number) => Array(count).fill(401)
  const statuses = async (answers: ReturnType<typeof refreshes>) =>
    (await Promise.all(answers)).map(({ statusCode }) => statusCode)

  await t.test('are counted by one statement, and those that arrive meanwhile by the next', async (t) => {
    holdMoments(t)
    const first = refreshes(3)
    await begun(1)
    const next = refreshes(5)
    await settle()
    t.equal(asked.length, 1)
    asked.shift()?.go()
    t.strictSame(await statuses(first), invalid(3))
    await begun(1)
    asked.shift()?.go()
    t.strictSame(await statuses(next), invalid(5))
    t.equal(asked.length, 0)
  })

  await t.test('wait only briefly for a statement that hangs', async (t) => {
    const tooLong = holdMoments(t)
    const hanging = refreshes(1)
    await begun(1)
    const next = refreshes(2)
    await settle()
    t.equal(asked.length, 1)
    tooLong()
    await begun(2)
    asked.pop()?.go()
    t.strictSame(await statuses(next), invalid(2))
    asked.pop()?.go()
    t.strictSame(await statuses(hanging), invalid(1))
  })

  await t.test('are still counted after a statement has failed', async (t) => {
    holdMoments(t)
    const failing = refreshes(2)
    await begun(1)
    const next = refreshes(1)
    asked.shift()?.fail()
    t.strictSame(await statuses(failing), [503, 503])
    await begun(1)
    asked.shift()?.go()
    t.strictSame(await statuses(next), invalid(1))
  })
})
