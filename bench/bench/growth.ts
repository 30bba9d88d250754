import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PASSWORD } from '@latchkey/compare/measure/client'
import { endingWith } from '@latchkey/compare/measure/ending'
import { load } from '@latchkey/compare/measure/load'
import { quantile, rate } from '@latchkey/compare/measure/statistics'
import { Subject, type Surface } from '@latchkey/compare/measure/subject'
import type { Curve } from '@latchkey/compare/report/result'
import { hash } from 'bcrypt'
import type { Grown } from './options.ts'
import { command, type Place, startService } from './programs.ts'
import type { Store } from './stores.ts'

/** The amount of measurement. */
export interface Growth extends Grown {
  rounds: number
  seconds: number
  progress: (what: string, done: number) => void
}

/** The bcrypt cost of the accounts here: the lowest, so that hashing does not hide the growth. */
export const CHEAP = 10

/** Below the number of concurrent logins at which the service refuses. */
const CONNECTIONS = 16

/** The number of accounts that sign in, in turn. */
const PEOPLE = 1000

/** The fewest logins with a useful median, and the approximate rate of sequential logins. */
const LEAST_LOGINS = 3
const LOGINS_A_SECOND = 15

type Series = Curve['series'][string]

/** Measures the latency of sequential logins and the throughput of GET /me, by the number of accounts. */
export async function growAccounts(stores: Store[], surface: Surface, place: Place, growth: Growth): Promise<Curve[]> {
  const logins: Curve['series'] = {}
  const reads: Curve['series'] = {}
  for (const store of stores) {
    const { login, read } = await growStore(store, surface, place, growth)
    logins[store.name] = login
    reads[store.name] = read
  }
  const x = 'accounts'
  const title = `A login by accounts, bcrypt at cost ${CHEAP}`
  return [
    { title, x, label: 'median latency', unit: 'ms', better: 'less', series: logins },
    { title: '/me by accounts', x, label: 'answers a second', unit: '/s', better: 'more', series: reads }
  ]
}

async function growStore(store: Store, surface: Surface, place: Place, growth: Growth) {
  const { accounts, rounds, progress } = growth
  const login: Series = []
  const read: Series = []
  let before = 0
  // Only the service creates a database; commands do not.
  await (await startService(store, place)).stop()
  for (const [index, x] of accounts.entries()) {
    const what = `${store.name}: ${x.toLocaleString('en')} accounts`
    progress(`${what}, importing`, index / accounts.length)
    await importAccounts(before, x, store, place)
    before = x
    const service = await startService(store, place)
    const measured = async () => {
      const subject = new Subject(service, surface)
      subject.adopt(Array.from({ length: PEOPLE }, (_, person) => nameOf(Math.floor((person * x) / PEOPLE))))
      login.push({ x, values: [] })
      read.push({ x, values: [] })
      for (let round = 0; round < rounds; round += 1) {
        progress(`${what}, round ${round + 1} of ${rounds}`, (index + round / rounds) / accounts.length)
        await subject.renew()
        login[index]?.values.push(await timeOfLogin(subject, growth))
        read[index]?.values.push(await rateOfReads(subject, growth))
      }
    }
    await endingWith(measured, service.stop)
  }
  return { login, read }
}

/** Bounded by a number instead of a time, so that a slow machine has enough answers too. */
async function timeOfLogin(subject: Subject, { seconds }: Growth): Promise<number> {
  const amount = Math.max(LEAST_LOGINS, Math.round(seconds * LOGINS_A_SECOND))
  const url = subject.url('login')
  const body = subject.nextLogin
  const { times } = await load({ url, method: 'POST', body, expected: 200, connections: 1, until: { amount } })
  return quantile(times, 0.5)
}

async function rateOfReads(subject: Subject, { seconds }: Growth): Promise<number> {
  const url = new URL('/me', subject.url('secret'))
  const asked = { url, method: 'GET', headers: subject.headers, expected: 200 } as const
  const { ends } = await load({ ...asked, connections: CONNECTIONS, until: { seconds } })
  return rate(ends)
}

const nameOf = (number: number) => `account${number}`

async function importAccounts(from: number, to: number, store: Store, place: Place): Promise<void> {
  const file = join(place.folder, `${store.name}-${to}.jsonl`)
  const passwordHash = await hash(PASSWORD, CHEAP)
  await pipeline(Readable.from(records(from, to, passwordHash)), createWriteStream(file))
  await command(['--json', 'users', 'import', file], store, place)
}

/** The input of `latchkey users import`. All accounts share one hash, since a million hashes take a day. */
function* records(from: number, to: number, passwordHash: string): Generator<string> {
  const created_at = new Date().toISOString()
  for (let number = from; number < to; number += 1) {
    yield `${JSON.stringify({ username: nameOf(number), password_hash: passwordHash, created_at })}\n`
  }
}
