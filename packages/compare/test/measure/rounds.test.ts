import { existsSync } from 'node:fs'
import { type Test, test } from 'tap'
import { surfaceOf } from '../../src/check.ts'
import { measureRounds, rotate } from '../../src/measure/rounds.ts'
import { Subject } from '../../src/measure/subject.ts'
import { hollow, serve } from '../services.ts'

test('each round begins with another', (t) => {
  const rounds = [0, 1, 2, 3].map((round) => rotate(['A', 'B', 'C'], round).join(''))
  t.strictSame(rounds, ['ABC', 'BCA', 'CAB', 'ABC'])
  t.strictSame(rotate([], 2), [])
  t.end()
})

/** Two services and one without accounts, and what `measureRounds` wants to know besides. */
async function three(t: Test) {
  const url = await serve(t, hollow)
  const empty = await serve(t, (_request, response) => response.end())
  const subjects = ['A', 'B'].map((name) => new Subject({ name, url }, surfaceOf()))
  for (const subject of subjects) await subject.settle(1)
  const told: [what: string, done: number][] = []
  const options = {
    ...{ seconds: 0.01, connections: 1, clients: 1, storm: 1, cost: 4, rounds: 2, retries: 0 },
    control: empty.href,
    progress: (...step: [string, number]) => told.push(step)
  }
  return { subjects, bare: new Subject({ name: 'bare', url: empty }, surfaceOf()), told, options }
}

test('each round takes every measurement of each in its turn', async (t) => {
  const { subjects, bare, told, options } = await three(t)
  const { notes, bcrypt, control, others } = await measureRounds(subjects, options, undefined, [bare])
  const [warm, first, second] = [told.slice(0, 3), told.slice(3, 13), told.slice(13)]
  t.strictSame(warm, [
    ['warming up: A', 0],
    ['warming up: B', 0],
    ['warming up: bare', 0]
  ])
  const steps = (round: number, [one, other]: [string, string], secrets: string[]) => [
    ...secrets.map((name) => `round ${round} of 2: ${name}, /secret`),
    `round ${round} of 2: bcrypt alone`,
    ...['login', 'register', '/secret in a login storm'].flatMap((what) =>
      [one, other].map((name) => `round ${round} of 2: ${name}, ${what}`)
    )
  ]
  t.strictSame(
    first.map(([what]) => what),
    steps(1, ['A', 'B'], ['A', 'B', 'bare'])
  )
  t.strictSame(
    second.map(([what]) => what),
    steps(2, ['B', 'A'], ['B', 'bare', 'A'])
  )
  t.strictSame(
    [...first, ...second].map(([, done]) => done),
    Array.from({ length: 20 }, (_, step) => step / 20)
  )
  t.strictSame([bcrypt.length, control.length], [2, 2])
  t.equal(others.length, existsSync('/proc/stat') ? 20 : 0)
  const lengths = Object.entries(notes.figures).map(([measure, byTarget]) => [
    measure,
    Object.fromEntries(Object.entries(byTarget).map(([name, { length }]) => [name, length]))
  ])
  const both = { A: 2, B: 2 }
  const all = { ...both, bare: 2 }
  t.strictSame(Object.fromEntries(lengths), {
    ...{ secretRate: all, secretP50: all, secretP99: all, secretCpu: all },
    ...{ loginRate: both, loginShare: both, loginP50: both, registerRate: both, registerShare: both },
    ...{ stormP50: both, stormP99: both, stormMax: both, memory: both }
  })
})

test('what others disturbed is taken again, and the least disturbed counts', async (t) => {
  const { subjects, told, options } = await three(t)
  const shares = [0.5, 0.2, 0.3, 0.05, 0.4, 0.09]
  const { others } = await measureRounds(subjects.slice(0, 1), {
    ...options,
    ...{ rounds: 1, retries: 2, watch: () => () => shares.shift() ?? null }
  })
  t.strictSame(others, [0.2, 0.05, 0.09])
  t.strictSame(
    told.slice(1).map(([what]) => what.replace('round 1 of 1: ', '')),
    [
      ...['A, /secret', 'A, /secret, again', 'A, /secret, again'],
      'bcrypt alone',
      ...['A, login', 'A, login, again'],
      'A, register',
      'A, /secret in a login storm'
    ]
  )
})

test('each attempt begins with a token of its own', async (t) => {
  const { options } = await three(t)
  let token = 0
  const asked: string[] = []
  const url = await serve(t, ({ url, headers }, response) => {
    if (url === '/login') token += 1
    if (url === '/secret') asked.push(`${headers.authorization}`)
    response.writeHead(url === '/register' ? 201 : 200, { 'content-type': 'application/json' })
    response.end(`{"access_token":"${token}"}`)
  })
  const subject = new Subject({ name: 'A', url }, surfaceOf())
  subject.adopt(['ada'])
  const busy = () => () => 0.5
  const told: string[] = []
  const seen: [string, string[]][] = []
  const progress = (what: string) => {
    told.push(what)
    seen.push([what, asked.splice(0)])
  }
  await measureRounds([subject], { ...options, rounds: 1, retries: 1, watch: busy, progress })
  const tokens = seen.map(([, before]) => new Set(before))
  // What was asked for /secret until the next step began: in the warming up, and twice for itself.
  t.strictSame(
    [1, 2, 3].map((token) => tokens[token]?.has(`Bearer ${token}`)),
    [true, true, true]
  )
  t.equal(told[2], 'round 1 of 1: A, /secret, again')
})
