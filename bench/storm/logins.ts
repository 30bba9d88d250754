import type http from 'node:http'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Answer, ask, inTurns, PASSWORD } from '@latchkey/compare/measure/client'
import { bcryptAlone as bcryptRate } from '@latchkey/compare/measure/measures'
import type { Cluster } from '../shared/cluster.ts'
import { generateLoad } from '../shared/load.ts'
import { BUILT, Service } from '../shared/service.ts'

export const COST = 12
export const CONCURRENCY = availableParallelism()
export const QUEUE = 64

/** Enough that 200 concurrent logins are fewer than ten for one name. */
const ACCOUNTS = 32

export const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Starts a service with limits that trusts this program as a proxy. */
export async function startService(
  cluster: Cluster,
  { execArgv = [], limits = 'on' }: { execArgv?: string[]; limits?: 'on' | 'off' } = {}
): Promise<Service> {
  const environment = {
    BCRYPT_COST: `${COST}`,
    HASH_CONCURRENCY: `${CONCURRENCY}`,
    HASH_QUEUE: `${QUEUE}`,
    LIMITS: limits,
    TRUSTED_PROXIES: '127.0.0.1'
  }
  return Service.start({ databaseUrl: cluster.url(), environment, program: [...execArgv, ...BUILT] })
}

let asked = 0

/** Another address for each request, since the limits do not allow this many from one. */
export function fromElsewhere(): { 'x-forwarded-for': string } {
  asked += 1
  return { 'x-forwarded-for': `10.${[16, 8, 0].map((shift) => (asked >> shift) & 255).join('.')}` }
}

const question = (username: string) => ({ payload: { username, password: PASSWORD }, headers: fromElsewhere() })

const nameOf = (account: number) => `storm.${account % ACCOUNTS}`

/** Registers the accounts that the clients sign in to. */
export async function register(base: string): Promise<void> {
  await inTurns(
    Array.from({ length: ACCOUNTS }, (_, index) => index),
    8,
    async (account) => {
      const { status, code } = await ask(base, 'POST', '/register', question(nameOf(account)))
      if (status !== 201 && status !== 409) throw new Error(`could not register: ${status} ${code}`)
    }
  )
}

export const login = (base: string, account = 0, agent?: http.Agent): Promise<Answer> =>
  ask(base, 'POST', '/login', { ...question(nameOf(account)), agent })

/** Keeps this number of logins in flight until the signal. */
export function keepLoggingIn(base: string, atOnce: number, signal: AbortSignal): Promise<Answer[]> {
  let account = 0
  return generateLoad(atOnce, signal, (agent) => {
    account += 1
    return login(base, account, agent)
  })
}

/** The throughput of bcrypt alone, in hashes per second. */
export const bcryptAlone = (seconds: number) => bcryptRate({ seconds, cost: COST })
