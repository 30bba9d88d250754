import { Result } from '@latchkey/compare/report/result'
import { Value } from '@sinclair/typebox/value'
import { test } from 'tap'
import { growthOf, measure } from '../../../bench/bench/measure.ts'
import { amounts } from '../../../bench/bench/options.ts'
import { fakes } from './fake.ts'

/** As little as may be: it is shown that it works, not how fast. */
const few = amounts({ quick: true, rounds: 1, seconds: 0.05, cost: 4, retries: 0, clients: [1], accounts: [5] })

test('growth takes five rounds at the most, with half the time for each measurement', (t) => {
  const show = () => {}
  const told = (rounds: number) => {
    const settings = { ...few.settings, rounds, seconds: 4 }
    const bench = { ...few, settings, stores: fakes(t).stores, place: fakes(t).place, at: new Date(), command: '' }
    return growthOf({ ...bench, progress: () => show })
  }
  t.strictSame(told(7), { ...few.grown, rounds: 5, seconds: 2, progress: show })
  t.strictSame(told(3), { ...few.grown, rounds: 3, seconds: 2, progress: show })
  t.end()
})

test('each store is measured, beside a bare Fastify, and how it grows', async (t) => {
  const { place, stores } = fakes(t)
  const told: string[] = []
  const command = 'npm run bench -- --quick'
  const progress = () => (what: string) => told.push(what)
  const at = new Date('2026-11-25T07:00:00Z')
  const result = await measure({ ...few, stores, place, at, command, progress })
  t.strictSame([...Value.Errors(Result, result)], [])
  const { kind, settings, targets, versions, figures, curves } = result
  t.strictSame([kind, result.at, result.command], ['bench', '2026-11-25T07:00:00.000Z', command])
  t.strictSame(settings, { rounds: 1, seconds: 0.05, connections: 50, clients: 4, storm: 8, cost: 4 })
  t.equal(versions.postgresql, '17.5')
  t.strictSame(targets, [
    { name: 'one', url: 'http://127.0.0.1', contract: 'the service, one', differences: [] },
    { name: 'other', url: 'http://127.0.0.1', contract: 'the service, other', differences: [] },
    {
      name: 'fastify',
      url: 'http://127.0.0.1',
      contract: 'a bare Fastify with one route, no token and no database',
      differences: []
    }
  ])
  t.strictSame(Object.keys(figures.secretRate ?? {}).sort(), ['fastify', 'one', 'other'])
  t.strictSame(Object.keys(figures.loginShare ?? {}).sort(), ['one', 'other'])
  t.strictSame(
    curves.map(({ title, series }) => [title, Object.keys(series)]),
    ['/secret by clients', '/me by clients', 'A login by accounts, bcrypt at cost 10', '/me by accounts'].map(
      (title) => [title, ['one', 'other']]
    )
  )
  t.strictSame(
    [...new Set(told.map((what) => what.replace(/[:,].*/, '')))],
    [
      ...['starting one', 'starting other', 'warming up', 'round 1 of 1'],
      ...['/secret by clients', '/me by clients', 'one', 'other']
    ]
  )
})

test('when something is wrong in the middle, everything is ended', async (t) => {
  const { place, store, stores } = fakes(t)
  const spoiled = { ...stores, empty: async () => [store('one'), store('other', 'start')] }
  const bench = { ...few, stores: spoiled, place, at: new Date(), command: '', progress: () => () => {} }
  await t.rejects(measure(bench), { message: 'other did not start:\nno such database\n' })
})
