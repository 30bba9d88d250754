import { test } from 'tap'
import { growClients } from '../../../bench/bench/clients.ts'
import { startService } from '../../../bench/bench/programs.ts'
import { surfaceOf } from '../../../bench/compare/check.ts'
import { Subject } from '../../../bench/compare/subject.ts'
import { fakes } from './fake.ts'

test('answers a second are measured round by round, of each number of clients', async (t) => {
  const { place, store } = fakes(t)
  const { stop, ...service } = await startService(store('one'), place)
  const told: string[] = []
  const progress = (what: string, done: number) => told.push(`${what}: ${done}`)
  const growth = { rounds: 2, seconds: 0.1, clients: [1, 4], accounts: [], progress }
  const curves = await growClients([new Subject(service, surfaceOf())], growth)
  const values = curves.flatMap(({ series }) => series.one?.map(({ values }) => values))
  t.strictSame(
    values.map((rounds) => rounds?.filter((value) => Number(value) > 0).length),
    [2, 2, 2, 2]
  )
  const series = { one: [{ x: 1 }, { x: 4 }] }
  t.match(curves, [
    { title: '/secret by clients', x: 'clients', label: 'answers a second', unit: '/s', better: 'more', series },
    { title: '/me by clients', x: 'clients', label: 'answers a second', unit: '/s', better: 'more', series }
  ])
  t.strictSame(
    told,
    ['/secret', '/me'].flatMap((path) => [
      `${path} by clients: round 1 of 2, 1, one: 0`,
      `${path} by clients: round 1 of 2, 4, one: 0.25`,
      `${path} by clients: round 2 of 2, 1, one: 0.5`,
      `${path} by clients: round 2 of 2, 4, one: 0.75`
    ])
  )
  await stop()
})

test('an answer that was not expected ends it', async (t) => {
  const { place, store } = fakes(t)
  const { stop, ...service } = await startService(store('one', 'me'), place)
  const growth = { rounds: 1, seconds: 0.1, clients: [1], accounts: [], progress: () => {} }
  await t.rejects(growClients([new Subject(service, surfaceOf())], growth), {
    message: /me has to be answered with 200, but there were \d+ × 500/
  })
  await stop()
})
