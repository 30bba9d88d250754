import { surfaceOf } from '@latchkey/compare/check'
import { Subject } from '@latchkey/compare/measure/subject'
import { test } from 'tap'
import { growClients } from '../../../bench/bench/clients.ts'
import { startService } from '../../../bench/bench/programs.ts'
import { serve } from '../../../packages/compare/test/services.ts'
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

test('each round begins with another, and each load with a token of its own', async (t) => {
  const asked: string[] = []
  const named = async (name: string) => {
    let token = 0
    const url = await serve(t, ({ url, headers }, response) => {
      if (url === '/login') token += 1
      // A token is good for the load that follows, and no longer.
      const isGood = url === '/login' || headers.authorization === `Bearer ${name} ${token}`
      const what = `${url} ${url === '/login' ? `${name} ${token}` : headers.authorization?.replace('Bearer ', '')}`
      if (!asked.includes(what)) asked.push(what)
      response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' })
      response.end(`{"access_token":"${name} ${token}"}`)
    })
    const subject = new Subject({ name, url }, surfaceOf())
    subject.adopt(['ada'])
    return subject
  }
  const growth = { rounds: 2, seconds: 0.01, clients: [1], accounts: [], progress: () => {} }
  await growClients([await named('one'), await named('other')], growth)
  t.strictSame(
    asked,
    [
      ...['/secret one 1', '/secret other 1', '/secret other 2', '/secret one 2'],
      ...['/me one 3', '/me other 3', '/me other 4', '/me one 4']
    ].flatMap((what) => [what.replace(/\/\w+/, '/login'), what])
  )
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
