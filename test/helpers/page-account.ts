import type { FastifyInstance } from 'fastify'
import { PASSWORD, signIn } from './app.ts'
import { createBrowser } from './page.ts'

/** Registers an account, and signs in to it on the page, in a browser of its own. */
export async function browserOf(fastify: FastifyInstance, names: { username?: string; email?: string }) {
  const { user, access_token: token } = await signIn(fastify, names)
  const browser = createBrowser(fastify)
  await signInOnPage(browser, names)
  return { browser, user, token }
}

/** Signs in on the page. */
export const signInOnPage = (
  browser: ReturnType<typeof createBrowser>,
  names: { username?: string; email?: string },
  password = PASSWORD
) => browser.submit('/pages/login', { name: String(names.username ?? names.email), password })
