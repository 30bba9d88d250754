import { test } from 'tap'
import { BATCH, purgeInSteps, purgeRows } from '../../../src/concurrency/purge.ts'

/** The deletion of rows in batches, of which each finds so many; and how many each was allowed. */
function deletion(...found: number[]) {
  const allowed: number[] = []
  return {
    allowed,
    deleteRows: async (most: number) => {
      allowed.push(most)
      return found.shift() as number
    }
  }
}

test('a purge', async (t) => {
  const { signal } = new AbortController()
  // A pause keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(alive))

  await t.test('goes on until nothing is left', async (t) => {
    for (const found of [[0], [999], [BATCH, 0], [BATCH, BATCH, BATCH, 5]]) {
      const { allowed, deleteRows } = deletion(...found)
      await purgeRows(deleteRows, signal)
      t.strictSame(
        allowed,
        found.map(() => BATCH)
      )
    }
  })

  await t.test('ends with what goes wrong', async (t) => {
    const gone = new Error('gone')
    await t.rejects(
      purgeRows(() => Promise.reject(gone), signal),
      gone
    )
  })

  await t.test('is stopped between two steps', async (t) => {
    const stopping = new AbortController()
    let steps = 0
    const step = async () => {
      steps += 1
      stopping.abort()
      return true
    }
    await t.rejects(purgeInSteps(step, stopping.signal), { name: 'AbortError' })
    t.equal(steps, 1)
  })
})
