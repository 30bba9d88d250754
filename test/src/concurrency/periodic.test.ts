import { test } from 'tap'
import { periodic, systemTimers } from '../../../src/concurrency/periodic.ts'
import { testTimers } from '../../helpers/timers.ts'

const noFailure = (error: unknown) => {
  throw error
}

/** Work that lasts until it is ended, and how often it was started. */
function heldWork() {
  const held = {
    starts: 0,
    signal: undefined as AbortSignal | undefined,
    end: () => {},
    work: (signal: AbortSignal) => {
      held.starts += 1
      held.signal = signal
      return new Promise<void>((resolve) => {
        held.end = resolve
      })
    }
  }
  return held
}

const turn = () => new Promise(setImmediate)

test('periodic work', async (t) => {
  await t.test('starts after one interval, and then at each', async (t) => {
    const timers = testTimers()
    let starts = 0
    const work = async () => {
      starts += 1
    }
    const job = periodic({ interval: 1000, work, failed: noFailure, timers })
    for (const [milliseconds, count] of [
      [999, 0],
      [1, 1],
      [999, 1],
      [2001, 4]
    ] as const) {
      await timers.pass(milliseconds)
      t.equal(starts, count, `${milliseconds} ms later`)
    }
    await job.stop()
  })

  await t.test('starts first when it is told to', async (t) => {
    const timers = testTimers()
    let starts = 0
    const work = async () => {
      starts += 1
    }
    const job = periodic({ first: 10, interval: 1000, work, failed: noFailure, timers })
    await timers.pass(10)
    t.equal(starts, 1)
    await timers.pass(1000)
    t.equal(starts, 2)
    await job.stop()
  })

  await t.test('without an interval starts only when it is told to', async (t) => {
    const timers = testTimers()
    let starts = 0
    const work = async () => {
      starts += 1
    }
    const job = periodic({ work, failed: noFailure, timers })
    await timers.pass(1e9)
    t.equal(starts, 0)
    job.next(500)
    job.next(100)
    await timers.pass(1e9)
    t.equal(starts, 1, 'the later of the two took the place of the first')
    await job.run()
    t.equal(starts, 2)
    await job.stop()
  })

  await t.test('is put off by lot, within the jitter', async (t) => {
    const waits: number[] = []
    const timers = { set: (_: unknown, milliseconds: number) => waits.push(milliseconds), clear() {} }
    const job = periodic({ work: async () => {}, failed: noFailure, timers })
    for (let count = 0; count < 200; count += 1) job.next(1000, 2)
    t.strictSame([...new Set(waits)].sort(), [1000, 1001, 1002])
    await job.stop()
  })

  await t.test('never overlaps: what is due meanwhile starts after it, once', async (t) => {
    const timers = testTimers()
    const held = heldWork()
    const job = periodic({ interval: 1000, work: held.work, failed: noFailure, timers })
    const passed = timers.pass(1000)
    const joined = job.run()
    t.equal(held.starts, 1, 'who asks for a run joins it')
    const later = [timers.pass(1000), timers.pass(1000)]
    await turn()
    t.equal(held.starts, 1)
    held.end()
    await turn()
    t.equal(held.starts, 2)
    held.end()
    await Promise.all([passed, joined, ...later])
    t.equal(held.starts, 2)
    await job.stop()
  })

  await t.test('goes on after a failure, which is told', async (t) => {
    const timers = testTimers()
    const failures: unknown[] = []
    let starts = 0
    const work = async () => {
      starts += 1
      if (starts === 1) throw new Error('gone')
    }
    const job = periodic({ interval: 1000, work, failed: (error) => failures.push(error), timers })
    await timers.pass(2000)
    t.strictSame([starts, failures], [2, [new Error('gone')]])
    await job.stop()
  })

  await t.test('is stopped for good: its end is waited for, and its failure is not told', async (t) => {
    const timers = testTimers()
    let aborted = false
    let ended = false
    const work = (signal: AbortSignal) =>
      new Promise<void>((_, reject) => {
        signal.addEventListener('abort', async () => {
          aborted = true
          await turn()
          ended = true
          reject(signal.reason)
        })
      })
    const job = periodic({ interval: 1000, work, failed: noFailure, timers })
    const run = job.run()
    const stopped = job.stop()
    t.strictSame([aborted, ended], [true, false])
    await stopped
    t.equal(ended, true)
    await run
    job.next(1)
    await timers.pass(1e6)
    await job.run()
    await job.stop()
  })

  await t.test('does not start what is due when it is stopped', async (t) => {
    const timers = testTimers()
    const held = heldWork()
    const job = periodic({ interval: 1000, work: held.work, failed: noFailure, timers })
    const passed = [timers.pass(1000), timers.pass(1000)]
    const stopped = job.stop()
    held.end()
    await Promise.all([...passed, stopped])
    t.equal(held.starts, 1)
  })
})

test('the timers of the system', async (t) => {
  await new Promise<void>((resolve) => {
    const timer = systemTimers.set(async () => resolve(), 1) as NodeJS.Timeout
    t.equal(timer.hasRef(), false)
    timer.ref()
  })
  const cleared = systemTimers.set(() => Promise.reject(new Error('it was cleared')), 1)
  systemTimers.clear(cleared)
  systemTimers.clear(undefined)
  const job = periodic({ first: 1, work: async () => {}, failed: noFailure })
  await job.stop()
})
