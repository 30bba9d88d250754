import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Factors, factorsOf } from '@latchkey/contract/suite/factors'
import { type Answer, sentTo } from '@latchkey/contract/suite/http'
import { ENVIRONMENT, type Service } from '../shared/service.ts'

const TIME = { pass: (seconds: number) => pause(seconds * 1000), seconds: () => Date.now() / 1000 }

/** A client that does with a service what the contract suite does with second factors and passkeys. */
export function factorsAt({ base }: Pick<Service, 'base'>): Factors {
  // A connection of its own for each request: the service may be killed between two.
  return factorsOf({ request: sentTo(base, new Agent()), issuer: ENVIRONMENT.PUBLIC_URL }, TIME)
}

/** An account with an authenticator app, its recovery codes and a session of two factors. */
export type Enrolled = Awaited<ReturnType<Factors['enrolled']>>

/** The status of an answer, and the code of a refusal. */
export const outcome = ({ status, json }: Answer) => [status, json?.code].filter(Boolean).join(' ')
