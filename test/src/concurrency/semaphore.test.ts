import { test } from 'tap'
import { createGate } from '../../../src/concurrency/semaphore.ts'
import { Problem } from '../../../src/errors.ts'
import { refusal } from '../../helpers/app.ts'

const FULL = refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is busy; try again shortly.')
const GONE = refusal(503, 'Service Unavailable', 'OVERLOADED', 'The client has gone.')

/** A task that starts when the gate lets it, and ends when the test does so. */
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

test('as many tasks run at once as the gate lets, and the rest in the order in which they came', async (t) => {
  const gate = createGate(2, 3)
  const started: string[] = []
  const tasks = ['a', 'b', 'c', 'd', 'e'].map((name) => controlled(name, started))
  const results = tasks.map(({ task }) => gate.run(task))
  await settled()
  t.strictSame([started, gate.running, gate.waiting], [['a', 'b'], 2, 3])

  tasks[1]?.end()
  await settled()
  t.strictSame([started, gate.running, gate.waiting], [['a', 'b', 'c'], 2, 2])

  tasks[2]?.end()
  tasks[0]?.end()
  await settled()
  t.strictSame([started, gate.running, gate.waiting], [['a', 'b', 'c', 'd', 'e'], 2, 0])

  for (const { end } of tasks) end()
  t.strictSame(await Promise.all(results), ['a', 'b', 'c', 'd', 'e'])
  t.strictSame([gate.running, gate.waiting], [0, 0])
})

test('a full queue turns the next one away at once', async (t) => {
  const gate = createGate(1, 1)
  const started: string[] = []
  const [first, second, third] = ['first', 'second', 'third'].map((name) => controlled(name, started))
  const results = [gate.run(first?.task as never), gate.run(second?.task as never)]
  t.strictSame(await outcome(gate.run(third?.task as never)), FULL)
  t.strictSame([started, gate.running, gate.waiting], [['first'], 1, 1])

  first?.end()
  second?.end()
  t.strictSame(await Promise.all(results), ['first', 'second'])
  t.equal(await gate.run(async () => 'again'), 'again')
})

test('without a queue whoever finds no place is turned away', async (t) => {
  const gate = createGate(1, 0)
  const only = controlled('only', [])
  const result = gate.run(only.task)
  t.strictSame(await outcome(gate.run(async () => 'next')), FULL)
  only.end()
  t.equal(await result, 'only')
  t.equal(await gate.run(async () => 'next'), 'next')
})

test('a client that goes while it waits leaves the queue, and its place in it to another', async (t) => {
  const gate = createGate(1, 2)
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
    gate.run(running.task),
    outcome(gate.run(gone.task, { signal: client.signal })),
    gate.run(patient.task)
  ]
  client.abort()
  t.strictSame(await results[1], GONE)
  t.equal(gate.waiting, 1)

  results.push(gate.run(late.task))
  t.equal(gate.waiting, 2)
  for (const { end } of tasks) end()
  t.strictSame(await Promise.all(results), ['running', GONE, 'patient', 'late'])
  t.strictSame(started, ['running', 'patient', 'late'])
  t.strictSame([gate.running, gate.waiting], [0, 0])
})

test('a client that goes while its task runs changes nothing', async (t) => {
  const gate = createGate(1, 1)
  const started: string[] = []
  const [first, second] = [controlled('first', started), controlled('second', started)]
  const [one, other] = [new AbortController(), new AbortController()]
  const results = [gate.run(first.task, { signal: one.signal }), gate.run(second.task, { signal: other.signal })]
  one.abort()
  await settled()
  t.strictSame([started, gate.running, gate.waiting], [['first'], 1, 1])

  first.end()
  await settled()
  other.abort()
  await settled()
  t.strictSame([started, gate.running, gate.waiting], [['first', 'second'], 1, 0])
  second.end()
  t.strictSame(await Promise.all(results), ['first', 'second'])
})

test('a client that had gone before is turned away, wherever it would have come', async (t) => {
  const gate = createGate(1, 1)
  const started: string[] = []
  const [never, running] = [controlled('never', started), controlled('running', started)]
  const gone = AbortSignal.abort()
  t.strictSame(await outcome(gate.run(never.task, { signal: gone })), GONE)
  t.strictSame([gate.running, gate.waiting], [0, 0])

  const result = gate.run(running.task)
  t.strictSame(await outcome(gate.run(never.task, { signal: gone })), GONE)
  t.strictSame([gate.running, gate.waiting], [1, 0])
  running.end()
  t.equal(await result, 'running')
  t.strictSame(started, ['running'])
})

test('a task that fails frees its place and says why', async (t) => {
  const gate = createGate(1, 2)
  const failing = controlled('failing', [])
  const broken = () => {
    throw new Error('broken')
  }
  const results = [gate.run(failing.task), gate.run(broken), gate.run(async () => 'next')].map(outcome)
  failing.fail()
  t.match(await Promise.all(results), [{ message: 'failing' }, { message: 'broken' }, 'next'])
  t.strictSame([gate.running, gate.waiting], [0, 0])
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

const refusedOf = (gate: ReturnType<typeof createGate>) =>
  Object.fromEntries(Object.entries(gate.refused).filter(([, count]) => count > 0))

test('the fairness of a queue', async (t) => {
  await t.test(
    'two requests of an account run or wait, by any of its names, and a third is refused at once',
    async (t) => {
      const gate = createGate(1, 9)
      const started: string[] = []
      const [running, waiting, other, next] = ['running', 'waiting', 'other', 'next'].map((name) =>
        controlled(name, started)
      )
      const results = [
        gate.run(running?.task as never, { accounts: ['username ada', 'email a@x'] }),
        gate.run(waiting?.task as never, { accounts: ['email a@x', 'email a@x'] })
      ]
      const never = async () => started.push('never')
      t.strictSame(await outcome(gate.run(never, { accounts: ['username bob', 'email a@x'] })), FULL)
      results.push(gate.run(other?.task as never, { accounts: ['username ada', 'username bob'] }))
      t.strictSame(await outcome(gate.run(never, { accounts: ['username ada'] })), FULL)
      t.throws(() => gate.enter({ accounts: ['email a@x'] }), new Problem('OVERLOADED'))
      t.strictSame(refusedOf(gate), { account: 3 })

      running?.end()
      await results[0]
      results.push(gate.run(next?.task as never, { accounts: ['email a@x'] }))
      for (const task of [waiting, other, next]) task?.end()
      t.strictSame(await Promise.all(results), ['running', 'waiting', 'other', 'next'])
      t.strictSame(started, ['running', 'waiting', 'other', 'next'])
    }
  )

  await t.test('a request keeps its place between its tasks, and gives it back when it leaves', async (t) => {
    const gate = createGate(1, 9)
    const accounts = ['username ada']
    const admissions = [gate.enter({ accounts }), gate.enter({ accounts })]
    const late = gate.enter({ accounts })
    for (const admission of admissions) t.equal(await admission.run(async () => 'verified'), 'verified')
    t.strictSame(await outcome(late.run(async () => 'never')), FULL, 'who has come before them too')
    t.strictSame(await outcome(gate.run(async () => 'never', { accounts })), FULL)
    for (const admission of admissions) t.equal(await admission.run(async () => 'hashed'), 'hashed')

    admissions[0]?.leave()
    admissions[0]?.leave()
    t.equal(await late.run(async () => 'now'), 'now')
    t.strictSame(await outcome(gate.run(async () => 'never', { accounts })), FULL)
    for (const admission of [...admissions, late]) admission.leave()
    t.equal(await gate.run(async () => 'again', { accounts }), 'again')
  })

  await t.test('a request that leaves while its task runs gives its place back after that', async (t) => {
    const gate = createGate(2, 0)
    const accounts = ['username ada']
    const admission = gate.enter({ accounts })
    const [first, second] = [controlled('first', []), controlled('second', [])]
    const results = [admission.run(first.task), gate.run(second.task, { accounts })]
    admission.leave()
    t.strictSame(await outcome(gate.run(async () => 'never', { accounts })), FULL)
    first.end()
    await results[0]
    const third = admission.run(async () => 'once more')
    t.strictSame(await outcome(gate.run(async () => 'never', { accounts })), FULL)
    t.equal(await third, 'once more')
    t.equal(await gate.run(async () => 'next', { accounts }), 'next')
    second.end()
    await results[1]
  })

  await t.test('a task that gets no turn takes no place', async (t) => {
    const gate = createGate(1, 0)
    const busy = controlled('busy', [])
    const running = gate.run(busy.task)
    const accounts = ['username ada']
    const refused = [gate.enter({ accounts }), gate.enter({ accounts })]
    for (const admission of refused) t.strictSame(await outcome(admission.run(async () => 'never')), FULL)
    busy.end()
    await running
    t.equal(await gate.run(async () => 'next', { accounts }), 'next')
    t.strictSame(refusedOf(gate), { queue_full: 2 })
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
      const gate = createGate(1, queue)
      const busy = controlled('busy', [])
      const network = '192.0.2.1'
      const results: Promise<unknown>[] = [gate.run(busy.task, { network })]
      for (let index = 0; index < share; index++) results.push(gate.run(async () => index, { network }))
      t.equal(gate.refusalOf(network), share === queue ? 'queue_full' : 'network')
      t.strictSame(await outcome(gate.run(async () => 'never', { network })), FULL)
      t.strictSame(refusedOf(gate), share === queue ? { queue_full: 1 } : { network: 1 })
      t.equal(gate.share, share)
      for (let index = share; index < queue; index++) {
        const requester = index % 2 ? {} : { network: `198.51.100.${index}` }
        t.equal(gate.refusalOf(requester.network), undefined)
        results.push(gate.run(async () => index, requester))
      }
      t.equal(gate.refusalOf(undefined), 'queue_full')
      busy.end()
      await Promise.all(results)
      t.equal(gate.refusalOf(network), undefined)
    })
  }

  await t.test('networks take turns, and within one the order is kept', async (t) => {
    const gate = createGate(1, 40)
    const busy = controlled('busy', [])
    const order: string[] = []
    const ask = (network: string | undefined, name: string) =>
      gate.run(
        async () => {
          order.push(name)
          // One that comes while others wait gets no turn before those networks.
          if (name === 'a2') results.push(ask('c', 'c1'))
        },
        { network }
      )
    const results: Promise<unknown>[] = [gate.run(busy.task)]
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
  const gate = createGate(1, 4, { deadline: 10_000, after })
  const started: string[] = []
  const running = controlled('running', started)
  const client = new AbortController()
  const network = '192.0.2.1'
  const busy = gate.run(running.task)
  t.equal(timers.size, 0, 'one that runs has none')
  const [early, gone] = [
    outcome(gate.run(async () => started.push('early'), { network, accounts: ['username ada'] })),
    outcome(gate.run(async () => started.push('gone'), { signal: client.signal }))
  ]
  advance(9_999)
  const late = gate.run(async () => started.push('late'))
  client.abort()
  t.strictSame([await gone, gate.waiting], [GONE, 2])
  advance(1)
  t.strictSame([await early, gate.waiting], [FULL, 1])
  t.strictSame(refusedOf(gate), { deadline: 1 })
  t.equal(gate.refusalOf(network), undefined, 'its place in the queue is free')
  running.end()
  await Promise.all([busy, late])
  t.strictSame([started, timers.size], [['running', 'late'], 0])
  advance(60_000)
  t.strictSame(refusedOf(gate), { deadline: 1 })
})

test('by the clock of the process a deadline passes too', async (t) => {
  const gate = createGate(1, 2, { deadline: 1 })
  const running = controlled('running', [])
  const busy = gate.run(running.task)
  // The timer of a task that waits keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  t.strictSame(await outcome(gate.run(async () => 'never')), FULL)
  clearInterval(alive)
  const next = gate.run(async () => 'next')
  running.end()
  await busy
  await next.catch(() => {})
  t.equal(gate.running, 0)
})
