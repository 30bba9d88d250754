import { mock } from 'node:test'
import { test } from 'tap'
import { startPurge } from '../../../src/concurrency/purge.ts'

/** Resolves after a turn of the event loop, whatever timers do. */
const turn = () => new Promise(setImmediate)

test('a purge', async (t) => {
  const failures: unknown[] = []
  /** What each step is going to find; how many rows it may take. */
  let found: (number | Error)[]
  let asked: number[]
  let last: Promise<unknown>
  const start = () =>
    startPurge({
      step: (most) => {
        asked.push(most)
        const result = found.shift() ?? 0
        last = result instanceof Error ? Promise.reject(result) : Promise.resolve(result)
        return last as Promise<number>
      },
      failed: (error) => failures.push(error),
      interval: 60_000
    })
  t.beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] })
    asked = []
    failures.length = 0
  })
  t.afterEach(() => mock.timers.reset())
  /** Waits until so many steps were begun, and what follows the last one has happened. */
  async function steps(count: number): Promise<void> {
    while (asked.length < count) await turn()
    await last.catch(() => {})
    await turn()
  }

  await t.test('goes on until nothing is left, at each interval', async (t) => {
    found = [1000, 1000, 1000, 999, 5]
    const stop = start()
    t.teardown(stop)
    await turn()
    t.strictSame(asked, [], 'not at the start')
    mock.timers.tick(60_000)
    await steps(4)
    t.strictSame(asked, [1000, 1000, 1000, 1000])
    mock.timers.tick(60_000)
    await steps(5)
    t.equal(asked.length, 5)
  })

  await t.test('is not joined by a second one', async (t) => {
    found = []
    let answer = (_: number) => {}
    const stop = startPurge({
      step: () => {
        asked.push(0)
        return new Promise((resolve) => {
          answer = resolve
        })
      },
      failed: () => {},
      interval: 60_000
    })
    t.teardown(stop)
    mock.timers.tick(60_000)
    mock.timers.tick(60_000)
    await turn()
    t.equal(asked.length, 1)
    answer(0)
    await turn()
    mock.timers.tick(60_000)
    t.equal(asked.length, 2)
    answer(0)
  })

  await t.test('tells of what went wrong, and begins again', async (t) => {
    const error = new Error('gone')
    found = [1000, error, 3]
    const stop = start()
    t.teardown(stop)
    mock.timers.tick(60_000)
    await steps(2)
    t.strictSame(failures, [error])
    mock.timers.tick(60_000)
    await steps(3)
    t.equal(failures.length, 1)
  })

  await t.test('stops between two steps, and says nothing of it', async (t) => {
    found = [1000, 1000]
    const stop = start()
    mock.timers.tick(60_000)
    t.equal(asked.length, 1)
    stop()
    await turn()
    await turn()
    mock.timers.tick(120_000)
    t.equal(asked.length, 1)
    t.strictSame(failures, [])
  })
})
