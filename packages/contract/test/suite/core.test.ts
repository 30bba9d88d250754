import http from 'node:http'
import { test } from 'tap'
import { build, testClock } from './application.ts'
import { CONTRACT_URL, injectedInto, sentTo } from './client.ts'
import { type Asked, CORE, look } from './core.ts'

test('The core', async (t) => {
  const asked = await askedIn(t)
  for (const expectation of CORE) {
    await t.test(expectation.title, async (t) => {
      const { unchecked, ...seen } = await look(expectation, asked)
      t.strictSame(seen, { faults: [], differences: [] })
      // Only a service elsewhere, whose clock cannot be moved, leaves something unchecked.
      if (unchecked !== undefined) t.ok(CONTRACT_URL, unchecked, { skip: CONTRACT_URL ? unchecked : false })
    })
  }
})

async function askedIn(t: Parameters<typeof build>[0]): Promise<Asked> {
  if (CONTRACT_URL) {
    const agent = new http.Agent({ keepAlive: true })
    t.teardown(() => agent.destroy())
    return { request: sentTo(CONTRACT_URL, agent), dialect: {} }
  }
  const clock = await testClock()
  return { request: injectedInto(await build(t, { clock })), dialect: {}, advance: () => clock.advance(3600) }
}
