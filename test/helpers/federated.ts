import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { build } from './app.ts'
import type { Issuer, Visitor } from './issuer.ts'
import { createBrowser } from './page.ts'

type Options = NonNullable<Parameters<typeof build>[1]>

/** Builds the application with providers. */
export async function buildFederated(t: Test, entries: object[], { environment, ...options }: Options = {}) {
  const PROVIDERS = join(t.testdir({}), 'providers.json')
  writeFileSync(PROVIDERS, JSON.stringify({ providers: entries }))
  return build(t, { ...options, environment: { PROVIDERS, ...environment } })
}

export type Browser = ReturnType<typeof createBrowser>

/** A browser, and how it goes to a provider and back. */
export function createTraveller(fastify: FastifyInstance, issuer: Issuer, browser = createBrowser(fastify)) {
  /** Goes to the provider. @returns the address there */
  async function begin(id = 'test', query = ''): Promise<string> {
    return String((await browser.get(`/federation/${id}${query}`)).headers.location)
  }

  /** Comes back with an answer. */
  const back = (answer: URLSearchParams, id = 'test') => browser.get(`/federation/${id}/callback?${answer}`)

  /** Goes to the provider by a form. @returns the address there */
  async function beginBy(url: string, form: Record<string, string>): Promise<string> {
    const { body } = await browser.submit(url, { provider: 'test', ...form })
    return String(/content="0; url=([^"]*)"/.exec(body)?.[1]).replaceAll('&amp;', '&')
  }

  /** Signs in at the provider and comes back. */
  async function signIn(visitor: Visitor, { id = 'test', query = '' } = {}) {
    return back(issuer.authorize(await begin(id, query), visitor), id)
  }

  return { browser, begin, beginBy, back, signIn }
}
