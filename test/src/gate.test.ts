import { test } from 'tap'
import { Problem } from '../../src/errors.ts'
import { createGate } from '../../src/gate.ts'
import { refusal } from '../helper.ts'

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
  const results = [gate.run(running.task), outcome(gate.run(gone.task, client.signal)), gate.run(patient.task)]
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
  const results = [gate.run(first.task, one.signal), gate.run(second.task, other.signal)]
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
  t.strictSame(await outcome(gate.run(never.task, gone)), GONE)
  t.strictSame([gate.running, gate.waiting], [0, 0])

  const result = gate.run(running.task)
  t.strictSame(await outcome(gate.run(never.task, gone)), GONE)
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
