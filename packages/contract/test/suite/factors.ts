import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { type TestClock, testClock } from './application.ts'
import { createAuthenticator, type Kind } from './authenticator.ts'
import { type Answer, bearer, type Client, CONTRACT_URL, createClient, PASSWORD, signIn, unique } from './client.ts'
import { STEP, totp } from './totp.ts'

/** Tokens of a session and the account that it belongs to. */
export interface SignedIn {
  username: string
  access_token: string
  refresh_token: string
  // biome-ignore lint/suspicious/noExplicitAny: the user, as /register answers
  user: any
}

/** The claims of an access token, unverified. */
export const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString('utf8'))

/** How a token says that its user was authenticated. */
export function assuranceOf(token: string) {
  const { amr, acr } = claimsOf(token)
  return { amr: [...(amr ?? [])].sort(), acr }
}

export const PWD = { amr: ['pwd'], acr: 'aal1' }
export const PWD_OTP = { amr: ['mfa', 'otp', 'pwd'], acr: 'aal2' }
export const PASSKEY = { amr: ['mfa', 'pop', 'user'], acr: 'aal2' }
export const PWD_PASSKEY = { amr: ['mfa', 'pop', 'pwd', 'user'], acr: 'aal2' }

/** The origin on which passkeys of a service with this issuer work: browsers know none on 127.0.0.1. */
export function passkeyOrigin(issuer: string): string {
  const { protocol, hostname, port, origin } = new URL(issuer)
  return /^(?:127\.[\d.]+|\[::1\])$/.test(hostname) ? `${protocol}//localhost${port && `:${port}`}` : origin
}

/** An authenticator app. It gives each code once, and waits for the next one if need be. */
export interface App {
  secret: string
  next(): Promise<string>
  /** The code of the present step, or of one so many steps from it. */
  at(steps: number): string
  /** Six digits that are not a code of these minutes. */
  wrong(): string
}

/** The time of the service. */
export interface Time {
  /** Lets seconds pass. */
  pass(seconds: number): Promise<void>
  /** The seconds since 1970. */
  seconds(): number
}

/** What the tests of second factors and passkeys do with a service. In this process they can also move its clock. */
export async function createFactors(t: Test, environment: Record<string, string> = {}) {
  const clock = CONTRACT_URL ? undefined : await testClock()
  return factorsOf(await createClient(t, environment, clock), clock ? movedTime(clock) : REAL_TIME)
}

const REAL_TIME: Time = { pass: (seconds) => pause(seconds * 1000), seconds: () => Date.now() / 1000 }

/** The time of a service whose clock only this moves. */
export function movedTime(clock: TestClock): Time {
  let offset = 0
  return {
    async pass(seconds) {
      clock.advance(seconds)
      offset += seconds
    },
    seconds: () => Date.now() / 1000 + offset
  }
}

/** The same with a service that is there already. */
export function factorsOf(client: Pick<Client, 'request' | 'issuer'>, { pass, seconds }: Time) {
  const send = (method: string) => (path: string, token?: string, body?: unknown) =>
    client.request({ method, path, headers: token ? bearer(token) : {}, ...(body !== undefined && { body }) })
  const [get, post, patch, remove] = [send('GET'), send('POST'), send('PATCH'), send('DELETE')]

  async function account(names: { username?: string; email?: string } = {}): Promise<SignedIn> {
    const username = names.username ?? unique()
    return { username, ...(await signIn(client, { username, ...names })) }
  }

  function appOf(secret: string): App {
    let last = 0
    const present = () => Math.floor(seconds() / STEP)
    return {
      secret,
      async next() {
        // The present step and the next one are both valid still when a step ends meanwhile.
        const step = Math.max(last + 1, present())
        if (step > present() + 1) await pass((step - 1) * STEP - seconds() + 0.5)
        last = step
        return totp(secret, step)
      },
      at: (steps) => totp(secret, present() + steps),
      wrong() {
        const right = Array.from({ length: 41 }, (_, i) => totp(secret, present() + i - 20))
        for (let code = 0; ; code++) {
          const text = String(code).padStart(6, '0')
          if (!right.includes(text)) return text
        }
      }
    }
  }

  /** Adds an authenticator app, and refreshes: the session is `aal2` then. */
  async function enrol(one: SignedIn) {
    const { secret } = (await post('/mfa/totp', one.access_token)).json
    const app = appOf(secret)
    const confirmed = await post('/mfa/totp/confirm', one.access_token, { totp: await app.next() })
    return { ...one, ...(await refresh(one)), app, codes: confirmed.json.codes as string[], before: one.access_token }
  }

  /** A new account with an authenticator app. */
  const enrolled = async () => enrol(await account())

  async function refresh({ refresh_token }: { refresh_token: string }) {
    const { json } = await client.request({ path: '/token/refresh', body: { refresh_token } })
    return { access_token: json.access_token as string, refresh_token: json.refresh_token as string }
  }

  const login = (username: string, more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    client.request({ path: '/login', headers, body: { username, password: PASSWORD, ...more } })

  const challenge = async (username: string) => (await login(username)).json.challenge

  const secondStep = (mfa_token: unknown, proof: Record<string, unknown>, headers: Record<string, string> = {}) =>
    client.request({ path: '/login/mfa', headers, body: { mfa_token, ...proof } })

  /** Signs in with a password and a code. */
  async function signInTwice(username: string, proof: Record<string, unknown>) {
    const { mfa_token } = await challenge(username)
    return (await secondStep(mfa_token, proof)).json as SignedIn
  }

  const authenticator = (kind: Kind = {}) => createAuthenticator(passkeyOrigin(client.issuer), kind)

  const creationOptions = async (token: string) => (await post('/passkeys/options', token)).json.public_key
  const requestOptions = async () => (await post('/login/passkey/options', undefined, {})).json.public_key

  /** Adds a passkey of a new authenticator. */
  async function addPasskey(token: string, kind: Kind = {}, name?: string) {
    const key = authenticator(kind)
    const credential = key.create(await creationOptions(token))
    const { json } = await post('/passkeys', token, { credential, ...(name !== undefined && { name }) })
    return { key, passkey: json }
  }

  /** Signs in with a passkey. */
  const usePasskey = async (
    key: ReturnType<typeof createAuthenticator>,
    changes: Parameters<typeof key.get>[1] = {},
    more: Record<string, unknown> = {}
  ): Promise<Answer> => {
    const credential = key.get(await requestOptions(), changes)
    return client.request({ path: '/login/passkey', body: { credential, ...more } })
  }

  return {
    client,
    pass,
    seconds,
    get,
    post,
    patch,
    remove,
    account,
    appOf,
    enrol,
    enrolled,
    refresh,
    login,
    challenge,
    secondStep,
    signInTwice,
    authenticator,
    creationOptions,
    requestOptions,
    addPasskey,
    usePasskey
  }
}

export type Factors = ReturnType<typeof factorsOf>

/** Compares the statuses and codes of answers, in any order. */
export const outcomes = (answers: Answer[]) =>
  answers.map(({ status, json }) => [status, json?.code].filter(Boolean).join(' ')).sort()

/** The same for many: how often each came. */
export function tally(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes(answers)) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
