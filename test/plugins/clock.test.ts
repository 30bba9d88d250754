import { test } from 'tap'
import clock from '../../plugins/clock.ts'
import { systemClock } from '../../src/clock.ts'
import { testClock } from '../helpers/app.ts'
import { assemble } from '../helpers/assemble.ts'

test('the clock is the system’s, unless another is given', async (t) => {
  const moved = testClock()
  const table = [
    [{}, systemClock],
    [{ clock: moved }, moved]
  ] as const
  for (const [given, expected] of table) {
    const fastify = assemble(t, { plugins: [clock], ...given })
    await fastify.ready()
    t.equal(fastify.clock, expected)
  }
})
