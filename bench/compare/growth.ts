import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { hash } from 'bcrypt'
import { PASSWORD } from '../shared/client.ts'
import type { Service } from '../shared/service.ts'
import { load } from './load.ts'
import type { Curve } from './result.ts'
import { quantile, rate } from './statistics.ts'
import { Subject, type Surface } from './subject.ts'

/** A service that can be stopped and started again on its data. */
export interface Store {
  name: string
  environment: Record<string, string>
  start: () => Promise<Service>
}

/** How much is measured. */
export interface Growth {
  rounds: number
  seconds: number
  clients: number[]
  accounts: number[]
  progress: (what: string, done: number) => void
}

/** Of the accounts of the growth: as cheap as may be, so that what grows is not lost behind it. */
export const CHEAP = 10

/** More clients than may sign in at once would be refused. */
const CONNECTIONS = 16

/** Requests a second of a route that asks nothing of the database, and of one that does, with ever more clients. */
export async function growClients(subjects: Subject[], growth: Growth): Promise<Curve[]> {
  return [
    await overClients('/secret by clients', 'secret', subjects, growth),
    await overClients('/me by clients', 'me', subjects, growth)
  ]
}

async function overClients(title: string, path: string, subjects: Subject[], growth: Growth): Promise<Curve> {
  const series: Curve['series'] = {}
  for (const { name } of subjects) series[name] = growth.clients.map((x) => ({ x, values: [] }))
  for (let round = 0; round < growth.rounds; round += 1) {
    for (const [index, connections] of growth.clients.entries()) {
      for (const subject of subjects) {
        growth.progress(`${title}: round ${round + 1} of ${growth.rounds}, ${connections}, ${subject.name}`, 0)
        const url = new URL(`/${path}`, subject.url('secret'))
        const { headers } = subject
        const until = { seconds: growth.seconds }
        const { ends } = await load({ url, method: 'GET', headers, expected: 200, connections, until })
        series[subject.name]?.[index]?.values.push(rate(ends))
      }
    }
  }
  return { title, x: 'clients', label: 'answers a second', unit: '/s', better: 'more', series }
}

/** What a login takes, one at a time, and how many a second read their account, with ever more accounts. */
export async function growAccounts(
  stores: Store[],
  surface: Surface,
  folder: string,
  growth: Growth
): Promise<Curve[]> {
  const logins: Curve['series'] = {}
  const reads: Curve['series'] = {}
  const passwordHash = await hash(PASSWORD, CHEAP)
  for (const { name, environment, start } of stores) {
    logins[name] = []
    reads[name] = []
    let before = 0
    for (const accounts of growth.accounts) {
      growth.progress(`${name}: importing up to ${accounts.toLocaleString('en')} accounts`, 0)
      const file = join(folder, `${name}-${accounts}.jsonl`)
      await pipeline(Readable.from(records(before, accounts, passwordHash)), createWriteStream(file))
      await importFile(file, environment)
      before = accounts
      const service = await start()
      const subject = new Subject({ name, url: new URL(service.base) }, surface)
      const someone = () => nameOf(Math.floor(Math.random() * accounts))
      subject.adopt(Array.from({ length: 1000 }, someone))
      await subject.signIn()
      const login: number[] = []
      const read: number[] = []
      for (let round = 0; round < growth.rounds; round += 1) {
        growth.progress(`${name}: ${accounts.toLocaleString('en')} accounts, round ${round + 1} of ${growth.rounds}`, 0)
        const until = { seconds: growth.seconds }
        const signedIn = await load({
          url: subject.url('login'),
          method: 'POST',
          body: subject.nextLogin,
          expected: 200,
          connections: 1,
          until
        })
        login.push(quantile(signedIn.times, 0.5))
        const url = new URL('/me', service.base)
        const { headers } = subject
        const { ends } = await load({ url, method: 'GET', headers, expected: 200, connections: CONNECTIONS, until })
        read.push(rate(ends))
      }
      logins[name].push({ x: accounts, values: login })
      reads[name].push({ x: accounts, values: read })
      const { code } = await service.stop()
      if (code !== 0) throw new Error(`${name} ended with ${code}:\n${service.log()}`)
    }
  }
  const x = 'accounts'
  return [
    {
      title: `A login by accounts, bcrypt at cost ${CHEAP}`,
      x,
      label: 'median latency',
      unit: 'ms',
      better: 'less',
      series: logins
    },
    { title: '/me by accounts', x, label: 'answers a second', unit: '/s', better: 'more', series: reads }
  ]
}

const nameOf = (number: number) => `account${number}`

/** What `latchkey users import` reads. One hash for all, since making a million takes a day. */
function* records(from: number, to: number, passwordHash: string): Generator<string> {
  const created_at = new Date().toISOString()
  for (let number = from; number < to; number += 1) {
    yield `${JSON.stringify({ username: nameOf(number), password_hash: passwordHash, created_at })}\n`
  }
}

async function importFile(file: string, environment: Record<string, string>): Promise<void> {
  const words = ['dist/src/latchkey.js', '--json', 'users', 'import', file]
  await promisify(execFile)(process.execPath, words, { env: { PATH: process.env.PATH, ...environment } })
}
