import { existsSync } from 'node:fs'
import { TargetError } from '@latchkey/contract/check-contract'
import { test } from 'tap'
import { surfaceOf } from '../../src/check.ts'
import { type Comparison, compareTargets } from '../../src/measure/comparison.ts'
import { ServiceError } from '../../src/measure/load.ts'
import { commit, machine, versions } from '../../src/measure/machine.ts'
import { answers } from '../../src/measure/start-up.ts'
import type { Target } from '../../src/measure/targets.ts'
import { hollow, hollowCommand, NOWHERE, nobodyYet, serve } from '../services.ts'

const settings = { rounds: 1, seconds: 0.01, connections: 1, clients: 1, storm: 1, cost: 4 }

/** As little as may be: it is shown that it works, not how fast. */
const comparison = (targets: Target[], changed: Partial<Comparison> = {}): Comparison => ({
  targets,
  settings: { ...settings, retries: 0 },
  command: 'npm run compare -- …',
  check: async () => ({ surface: surfaceOf(), contract: 'keeps the core', differences: ['a choice'] }),
  progress: () => {},
  ...changed
})

test('the contract comes first, then the rounds, then the starts', async (t) => {
  const told: string[] = []
  const progress = (what: string) => told.push(what)
  const url = await serve(t, hollow)
  const own = await nobodyYet()
  const start = hollowCommand(own)
  const targets = [
    { name: 'running', url },
    { name: 'started', url: own, start, size: { lines: 12, packages: 3 } }
  ]
  const { at, figures, bcrypt, control, others, ...rest } = await compareTargets(
    comparison(targets, { progress, versions: { go: '1.19.8' } })
  )
  t.strictSame(rest, {
    kind: 'comparison',
    command: 'npm run compare -- …',
    commit: commit(),
    machine: machine(),
    versions: { ...versions(), go: '1.19.8' },
    settings,
    targets: [
      { name: 'running', url: url.origin, contract: 'keeps the core', differences: ['a choice'] },
      {
        name: 'started',
        url: own.origin,
        contract: 'keeps the core',
        differences: ['a choice'],
        size: { lines: 12, packages: 3 }
      }
    ],
    curves: []
  })
  t.ok(Date.parse(at) <= Date.now())
  t.strictSame([bcrypt.length, control.length], [1, 1])
  const [first, last] = [told.indexOf('warming up: running'), told.findLastIndex((what) => what.includes('storm'))]
  t.strictSame(told.slice(0, first), [
    'running: does it keep the contract?',
    'started: starting',
    'started: does it keep the contract?',
    'running: registering',
    'started: registering'
  ])
  t.strictSame(told.slice(last + 1), ['round 1 of 1: starting started'])
  t.strictSame(Object.keys(figures.startUp ?? {}), ['started'])
  t.ok(figures.startUp?.started?.every((ms) => Number(ms) > 0))
  const isKnown = existsSync('/proc/net/tcp')
  t.strictSame(
    figures.memoryIdle?.started?.map((megabytes) => Number(megabytes) > 0),
    [isKnown]
  )
  t.equal(await answers(own), false, 'it was stopped')
})

test('what cannot be measured is refused at once', async (t) => {
  const gone = NOWHERE
  const there = await serve(t, hollow)
  const check = () => t.fail('it was checked') as never
  const cases = [
    [
      { name: 'safe', url: new URL('https://127.0.0.1:1') },
      'safe: only http:// can be measured, and not https://127.0.0.1:1'
    ],
    [{ name: 'gone', url: gone }, `gone: nothing answers at ${gone.origin}`],
    [
      { name: 'there', url: there, start: 'true' },
      `there: something answers at ${there.origin} already; stop it, or leave --start out`
    ],
    [{ name: 'ending', url: gone, start: 'exit 3' }, 'ending: exit 3\nit ended with 3; it said:\n']
  ] as const
  for (const [target, message] of cases) {
    await t.rejects(compareTargets(comparison([target], { check })), { constructor: TargetError, message })
  }
})

test('what was started is stopped, whatever happens', async (t) => {
  const url = await nobodyYet()
  const check = async () => {
    throw new ServiceError('it does not keep the contract')
  }
  const target = { name: 'started', url, start: hollowCommand(url) }
  await t.rejects(compareTargets(comparison([target], { check })), { message: 'it does not keep the contract' })
  t.equal(await answers(url), false)
})
