import type { OutgoingHttpHeaders, Server } from 'node:http'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import type { Test } from 'tap'

/** A clock that a test moves. */
export interface TestClock {
  advance(seconds: number): void
}

/** A service in the process of the tests, ready. */
export interface Application {
  server: Server
  /** @returns its URL */
  listen(address: { host: string; port: number }): Promise<string>
  inject(request: {
    method: string
    url: string
    headers: Record<string, string>
    payload?: Buffer | Readable
  }): Promise<{ statusCode: number; headers: OutgoingHttpHeaders; body: string }>
}

interface Builder {
  /** Closes what it builds with the test. */
  build(t: Test, options?: { environment?: Record<string, string>; clock?: TestClock }): Promise<Application>
  testClock(): TestClock
  /** Gives an account the role `admin`. */
  makeAdministrator(application: Application, id: string): Promise<void>
}

const { CONTRACT_APPLICATION } = process.env

/** The module that CONTRACT_APPLICATION names: what is tested where there is no CONTRACT_URL. */
async function builder(): Promise<Builder> {
  if (!CONTRACT_APPLICATION) throw new Error('set CONTRACT_URL to the URL of the service that is tested')
  return import(pathToFileURL(resolve(CONTRACT_APPLICATION)).href)
}

export const build: Builder['build'] = async (t, options) => (await builder()).build(t, options)

export const makeAdministrator: Builder['makeAdministrator'] = async (...given) =>
  (await builder()).makeAdministrator(...given)

export const testClock = async (): Promise<TestClock> => (await builder()).testClock()
