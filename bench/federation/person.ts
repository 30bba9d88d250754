import type { OutgoingHttpHeaders } from 'node:http'
import { type Answer, ask } from '@latchkey/compare/measure/client'
import type { Issuer, Visitor } from '../../test/helpers/issuer.ts'
import { ENVIRONMENT } from '../shared/service.ts'

/** A browser, and how its person goes to a provider and back. Each request has a connection of its own. */
export class Person {
  readonly visitor: Visitor
  readonly #issuer: Issuer
  readonly #cookies = new Map<string, string>()

  constructor(issuer: Issuer, name: string, visitor: Visitor = {}) {
    this.#issuer = issuer
    this.visitor = { sub: name, email: `${name}@example.com`, email_verified: true, ...visitor }
  }

  /** Goes to the provider and signs in there. @returns the path of the answer */
  async begin(base: string, provider = 'test'): Promise<string> {
    const { status, headers } = await this.#ask(base, 'GET', `/federation/${provider}`)
    if (status !== 303) throw new Error(`the way to the provider: ${status}`)
    const answer = this.#issuer.authorize(String(headers.location), this.visitor)
    return `/federation/${provider}/callback?${answer}`
  }

  /** Follows an answer of the provider. @returns how the service took it */
  async follow(base: string, answer: string): Promise<string> {
    return outcome(await this.#ask(base, 'GET', answer))
  }

  /** Sends a form of the pages. */
  async submit(base: string, path: string, fields: Record<string, string>): Promise<string> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return outcome(await this.#ask(base, 'POST', path, { headers, body: `${new URLSearchParams(fields)}` }))
  }

  /** The account of the session, and the number of its identities: a text. */
  async account(base: string): Promise<string> {
    const { status, body } = await this.#ask(base, 'POST', '/token/refresh', { body: '{}' })
    if (status !== 200) return `no session: ${status}`
    const me = await ask(base, 'GET', '/me', { token: body.access_token })
    const list = await ask(base, 'GET', '/me/identities', { token: body.access_token })
    const { identities = [] } = list.body as unknown as { identities?: object[] }
    return `${me.body.id} ${me.body.email ?? me.body.username} ${identities.length}`
  }

  /** The same browser, as of now. */
  clone(): Person {
    const other = new Person(this.#issuer, '', this.visitor)
    for (const [name, value] of this.#cookies) other.#cookies.set(name, value)
    return other
  }

  async #ask(base: string, method: string, path: string, given: { headers?: OutgoingHttpHeaders; body?: string } = {}) {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ')
    const headers = { cookie, origin: ENVIRONMENT.PUBLIC_URL, 'content-type': 'application/json', ...given.headers }
    const answer = await ask(base, method, path, { ...given, headers, timeoutMs: 40_000 })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return answer
  }
}

/** The status of an answer, and where it leads to. */
function outcome({ status, code, headers }: Answer): string {
  if (status === 0) return `no answer: ${code}`
  return [status, headers.location?.replaceAll('../', '')].filter(Boolean).join(' ')
}

export const SIGNED_IN = '303 pages/account'
export const UNNAMED = '303 pages/register/provider'
