import { test } from 'tap'
import { createSemaphore } from '../../../src/concurrency/semaphore.ts'
import { Problem } from '../../../src/errors.ts'
import { refusal } from '../../helpers/app.ts'

const FULL = refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is busy; try again shortly.')
const GONE = refusal(503, 'Service Unavailable', 'OVERLOADED', 'The client has gone.')

/** A task that starts when the semaphore lets it, and ends when the test does so. */
function controlled(name: string, started: string[]) {
  let end: (value: string) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const ended = new Promise<string>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  const task = () => {
    started.push(name)
    return ended
  }
  return { task, end: () => end(name), fail: () => fail(new Error(name)) }
}

/** Lets what is settled take its effect. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** The body that a refusal is answered with, or what came instead. */
const outcome = (promise: Promise<unknown>) =>
  promise.catch((error) => (error instanceof Problem ? error.toJSON() : error))

test('as many tasks run at once as the semaphore lets, and the rest in the order in which they came', async (t) => {
  const semaphore = createSemaphore(2, 3)
  const started: string[] = []
  const tasks = ['a', 'b', 'c', 'd', 'e'].map((name) => controlled(name, started))
  const results = tasks.map(({ task }) => semaphore.run(task))
  await settled()
  t.strictSame([started, semaphore.running, semaphore.waiting], [['a', 'b'], 2, 3])

  tasks[1]?.end()
  await settled()
  t.strictSame([started, semaphore.running, semaphore.waiting], [['a', 'b', 'c'], 2, 2])

  tasks[2]?.end()
  tasks[0]?.end()
  await settled()
  t.strictSame([started, semaphore.running, semaphore.waiting], [['a', 'b', 'c', 'd', 'e'], 2, 0])

  for (const { end } of tasks) end()
  t.strictSame(await Promise.all(results), ['a', 'b', 'c', 'd', 'e'])
  t.strictSame([semaphore.running, semaphore.waiting], [0, 0])
})

test('a full queue turns the next one away at once', async (t) => {
  const semaphore = createSemaphore(1, 1)
  const started: string[] = []
  const [first, second, third] = ['first', 'second', 'third'].map((name) => controlled(name, started))
  const results = [semaphore.run(first?.task as never), semaphore.run(second?.task as never)]
  t.strictSame(await outcome(semaphore.run(third?.task as never)), FULL)
  t.strictSame([started, semaphore.running, semaphore.waiting], [['first'], 1, 1])

  first?.end()
  second?.end()
  t.strictSame(await Promise.all(results), ['first', 'second'])
  t.equal(await semaphore.run(async () => 'again'), 'again')
})

test('without a queue whoever finds no place is turned away', async (t) => {
  const semaphore = createSemaphore(1, 0)
  const only = controlled('only', [])
  const result = semaphore.run(only.task)
  t.strictSame(await outcome(semaphore.run(async () => 'next')), FULL)
  only.end()
  t.equal(await result, 'only')
  t.equal(await semaphore.run(async () => 'next'), 'next')
})

test('a client that goes while it waits leaves the queue, and its place in it to another', async (t) => {
  const semaphore = createSemaphore(1, 2)
  const started: string[] = []
  const tasks = ['running', 'gone', 'patient', 'late'].map((name) => controlled(name, started))
  const [running, gone, patient, late] = tasks as [
    (typeof tasks)[0],
    (typeof tasks)[0],
    (typeof tasks)[0],
    (typeof tasks)[0]
  ]
  const client = new AbortController()
  const results = [
    semaphore.run(running.task),
    outcome(semaphore.run(gone.task, { signal: client.signal })),
    semaphore.run(patient.task)
  ]
  client.abort()
  t.strictSame(await results[1], GONE)
  t.equal(semaphore.waiting, 1)

  results.push(semaphore.run(late.task))
  t.equal(semaphore.waiting, 2)
  for (const { end } of tasks) end()
  t.strictSame(await Promise.all(results), ['running', GONE, 'patient', 'late'])
  t.strictSame(started, ['running', 'patient', 'late'])
  t.strictSame([semaphore.running, semaphore.waiting], [0, 0])
})

test('a client that goes while its task runs changes nothing', async (t) => {
  const semaphore = createSemaphore(1, 1)
  const started: string[] = []
  const [first, second] = [controlled('first', started), controlled('second', started)]
  const [one, other] = [new AbortController(), new AbortController()]
  const results = [
    semaphore.run(first.task, { signal: one.signal }),
    semaphore.run(second.task, { signal: other.signal })
  ]
  one.abort()
  await settled()
  t.strictSame([started, semaphore.running, semaphore.waiting], [['first'], 1, 1])

  first.end()
  await settled()
  other.abort()
  await settled()
  t.strictSame([started, semaphore.running, semaphore.waiting], [['first', 'second'], 1, 0])
  second.end()
  t.strictSame(await Promise.all(results), ['first', 'second'])
})

test('a client that had gone before is turned away, wherever it would have come', async (t) => {
  const semaphore = createSemaphore(1, 1)
  const started: string[] = []
  const [never, running] = [controlled('never', started), controlled('running', started)]
  const gone = AbortSignal.abort()
  t.strictSame(await outcome(semaphore.run(never.task, { signal: gone })), GONE)
  t.strictSame([semaphore.running, semaphore.waiting], [0, 0])

  const result = semaphore.run(running.task)
  t.strictSame(await outcome(semaphore.run(never.task, { signal: gone })), GONE)
  t.strictSame([semaphore.running, semaphore.waiting], [1, 0])
  running.end()
  t.equal(await result, 'running')
  t.strictSame(started, ['running'])
})

test('a task that fails frees its place and says why', async (t) => {
  const semaphore = createSemaphore(1, 2)
  const failing = controlled('failing', [])
  const broken = () => {
    throw new Error('broken')
  }
  const results = [semaphore.run(failing.task), semaphore.run(broken), semaphore.run(async () => 'next')].map(outcome)
  failing.fail()
  t.match(await Promise.all(results), [{ message: 'failing' }, { message: 'broken' }, 'next'])
  t.strictSame([semaphore.running, semaphore.waiting], [0, 0])
})

/** Some milliseconds that a test lets go by. */
function fakeTimer() {
  const timers = new Map<() => void, number>()
  let now = 0
  return {
    timers,
    after(milliseconds: number, callback: () => void) {
      timers.set(callback, now + milliseconds)
      return () => void timers.delete(callback)
    },
    advance(milliseconds: number) {
      now += milliseconds
      for (const [callback, at] of timers) {
        if (at > now) continue
        timers.delete(callback)
        callback()
      }
    }
  }
}

const refusedOf = (semaphore: ReturnType<typeof createSemaphore>) =>
  Object.fromEntries(Object.entries(semaphore.refused).filter(([, count]) => count > 0))

test('the fairness of a queue', async (t) => {
  await t.test(
    'two requests of an account run or wait, by any of its names, and a third is refused at once',
    async (t) => {
      const semaphore = createSemaphore(1, 9)
      const started: string[] = []
      const [running, waiting, other, next] = ['running', 'waiting', 'other', 'next'].map((name) =>
        controlled(name, started)
      )
      const results = [
        semaphore.run(running?.task as never, { accounts: ['username ada', 'email a@x'] }),
        semaphore.run(waiting?.task as never, { accounts: ['email a@x', 'email a@x'] })
      ]
      const never = async () => started.push('never')
      t.strictSame(await outcome(semaphore.run(never, { accounts: ['username bob', 'email a@x'] })), FULL)
      results.push(semaphore.run(other?.task as never, { accounts: ['username ada', 'username bob'] }))
      t.strictSame(await outcome(semaphore.run(never, { accounts: ['username ada'] })), FULL)
      t.throws(() => semaphore.enter({ accounts: ['email a@x'] }), new Problem('OVERLOADED'))
      t.strictSame(refusedOf(semaphore), { account: 3 })

      running?.end()
      await results[0]
      results.push(semaphore.run(next?.task as never, { accounts: ['email a@x'] }))
      for (const task of [waiting, other, next]) task?.end()
      t.strictSame(await Promise.all(results), ['running', 'waiting', 'other', 'next'])
      t.strictSame(started, ['running', 'waiting', 'other', 'next'])
    }
  )

  await t.test('a request keeps its place between its tasks, and gives it back when it leaves', async (t) => {
    const semaphore = createSemaphore(1, 9)
    const accounts = ['username ada']
    const admissions = [semaphore.enter({ accounts }), semaphore.enter({ accounts })]
    const late = semaphore.enter({ accounts })
    for (const admission of admissions) t.equal(await admission.run(async () => 'verified'), 'verified')
    t.strictSame(await outcome(late.run(async () => 'never')), FULL, 'who has come before them too')
    t.strictSame(await outcome(semaphore.run(async () => 'never', { accounts })), FULL)
    for (const admission of admissions) t.equal(await admission.run(async () => 'hashed'), 'hashed')

    admissions[0]?.leave()
    admissions[0]?.leave()
    t.equal(await late.run(async () => 'now'), 'now')
    t.strictSame(await outcome(semaphore.run(async () => 'never', { accounts })), FULL)
    for (const admission of [...admissions, late]) admission.leave()
    t.equal(await semaphore.run(async () => 'again', { accounts }), 'again')
  })

  await t.test('a request that leaves while its task runs gives its place back after that', async (t) => {
    const semaphore = createSemaphore(2, 0)
    const accounts = ['username ada']
    const admission = semaphore.enter({ accounts })
    const [first, second] = [controlled('first', []), controlled('second', [])]
    const results = [admission.run(first.task), semaphore.run(second.task, { accounts })]
    admission.leave()
    t.strictSame(await outcome(semaphore.run(async () => 'never', { accounts })), FULL)
    first.end()
    await results[0]
    const third = admission.run(async () => 'once more')
    t.strictSame(await outcome(semaphore.run(async () => 'never', { accounts })), FULL)
    t.equal(await third, 'once more')
    t.equal(await semaphore.run(async () => 'next', { accounts }), 'next')
    second.end()
    await results[1]
  })

  await t.test('a task that gets no turn takes no place', async (t) => {
    const semaphore = createSemaphore(1, 0)
    const busy = controlled('busy', [])
    const running = semaphore.run(busy.task)
    const accounts = ['username ada']
    const refused = [semaphore.enter({ accounts }), semaphore.enter({ accounts })]
    for (const admission of refused) t.strictSame(await outcome(admission.run(async () => 'never')), FULL)
    busy.end()
    await running
    t.equal(await semaphore.run(async () => 'next', { accounts }), 'next')
    t.strictSame(refusedOf(semaphore), { queue_full: 2 })
  })

  const shares: [queue: number, share: number][] = [
    [0, 0],
    [1, 1],
    [3, 1],
    [8, 2],
    [64, 16]
  ]
  for (const [queue, share] of shares) {
    await t.test(`one network fills ${share} of a queue of ${queue}`, async (t) => {
      const semaphore = createSemaphore(1, queue)
      const busy = controlled('busy', [])
      const network = '192.0.2.1'
      const results: Promise<unknown>[] = [semaphore.run(busy.task, { network })]
      for (let index = 0; index < share; index++) results.push(semaphore.run(async () => index, { network }))
      t.equal(semaphore.refusalOf(network), share === queue ? 'queue_full' : 'network')
      t.strictSame(await outcome(semaphore.run(async () => 'never', { network })), FULL)
      t.strictSame(refusedOf(semaphore), share === queue ? { queue_full: 1 } : { network: 1 })
      t.equal(semaphore.share, share)
      for (let index = share; index < queue; index++) {
        const requester = index % 2 ? {} : { network: `198.51.100.${index}` }
        t.equal(semaphore.refusalOf(requester.network), undefined)
        results.push(semaphore.run(async () => index, requester))
      }
      t.equal(semaphore.refusalOf(undefined), 'queue_full')
      busy.end()
      await Promise.all(results)
      t.equal(semaphore.refusalOf(network), undefined)
    })
  }

  await t.test('networks take turns, and within one the order is kept', async (t) => {
    const semaphore = createSemaphore(1, 40)
    const busy = controlled('busy', [])
    const order: string[] = []
    const ask = (network: string | undefined, name: string) =>
      semaphore.run(
        async () => {
          order.push(name)
          // One that comes while others wait gets no turn before those networks.
          if (name === 'a2') results.push(ask('c', 'c1'))
        },
        { network }
      )
    const results: Promise<unknown>[] = [semaphore.run(busy.task)]
    for (const name of ['a1', 'a2', 'a3', 'a4']) results.push(ask('a', name))
    for (const name of ['b1', 'b2', 'b3']) results.push(ask('b', name))
    results.push(ask(undefined, 'none'))
    busy.end()
    while (order.length < 9) await settled()
    t.strictSame(order, ['a1', 'b1', 'none', 'a2', 'b2', 'a3', 'c1', 'b3', 'a4'])
    await Promise.all(results)
  })
})

test('a task that has waited until its deadline is refused', async (t) => {
  const { after, advance, timers } = fakeTimer()
  const semaphore = createSemaphore(1, 4, { deadline: 10_000, after })
  const started: string[] = []
  const running = controlled('running', started)
  const client = new AbortController()
  const network = '192.0.2.1'
  const busy = semaphore.run(running.task)
  t.equal(timers.size, 0, 'one that runs has none')
  const [early, gone] = [
    outcome(semaphore.run(async () => started.push('early'), { network, accounts: ['username ada'] })),
    outcome(semaphore.run(async () => started.push('gone'), { signal: client.signal }))
  ]
  advance(9_999)
  const late = semaphore.run(async () => started.push('late'))
  client.abort()
  t.strictSame([await gone, semaphore.waiting], [GONE, 2])
  advance(1)
  t.strictSame([await early, semaphore.waiting], [FULL, 1])
  t.strictSame(refusedOf(semaphore), { deadline: 1 })
  t.equal(semaphore.refusalOf(network), undefined, 'its place in the queue is free')
  running.end()
  await Promise.all([busy, late])
  t.strictSame([started, timers.size], [['running', 'late'], 0])
  advance(60_000)
  t.strictSame(refusedOf(semaphore), { deadline: 1 })
})

test('by the clock of the process a deadline passes too', async (t) => {
  const semaphore = createSemaphore(1, 2, { deadline: 1 })
  const running = controlled('running', [])
  const busy = semaphore.run(running.task)
  // The timer of a task that waits keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  t.strictSame(await outcome(semaphore.run(async () => 'never')), FULL)
  clearInterval(alive)
  const next = semaphore.run(async () => 'next')
  running.end()
  await busy
  await next.catch(() => {})
  t.equal(semaphore.running, 0)
})
