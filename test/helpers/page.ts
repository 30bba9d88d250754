import type { FastifyInstance, FastifyRequest, LightMyRequestResponse } from 'fastify'
import { createPageRenderer } from '../../plugins/pages/render-page.ts'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config/config.ts'
import type { PageContext } from '../../src/pages/layout.ts'

/** The origin of PUBLIC_URL by default. */
export const ORIGIN = 'http://127.0.0.1:3000'

/** Sends the form of a page as a browser does. */
export function submit(
  fastify: FastifyInstance,
  url: string,
  fields: Record<string, string> | string,
  headers: Record<string, string> = { origin: ORIGIN }
) {
  return fastify.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString()
  })
}

/** A browser that keeps cookies and sends the forms of the service's own pages. */
export function createBrowser(fastify: FastifyInstance, origin = ORIGIN) {
  const cookies = new Map<string, string>()

  function keep(response: LightMyRequestResponse): LightMyRequestResponse {
    for (const { name, value, maxAge } of response.cookies) {
      if (maxAge === 0) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  const withCookies = (headers: Record<string, string>) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return cookie === '' ? headers : { cookie, ...headers }
  }

  return {
    cookies,
    get: async (url: string, headers: Record<string, string> = {}) =>
      keep(await fastify.inject({ url, headers: withCookies(headers) })),
    submit: async (url: string, fields: Record<string, string>, headers: Record<string, string> = { origin }) =>
      keep(await submit(fastify, url, fields, withCookies(headers)))
  }
}

/** The content of a page without scripts: they show some of its forms. */
const visible = (body: string) =>
  String(/<main[^>]*>\n(.*)<\/main>/s.exec(body)?.[1] ?? '').replaceAll(/<(form|p|div)[^>]* hidden\b.*?<\/\1>/gs, '')

/** What a person reads on a page without scripts, and what its forms would send. */
export function readPage({ statusCode, body }: Pick<LightMyRequestResponse, 'statusCode' | 'body'>) {
  const main = visible(body)
  const inputs = [...main.matchAll(/<input[^>]* name="([^"]*)"/g)].map(([, name]) => String(name))
  return { statusCode, text: textOf(main), inputs }
}

/** The text of HTML. */
export const textOf = (html: unknown): string =>
  String(html)
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()

/** The value of an attribute as a browser reads it. */
export const unescapeHtml = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

/** The value of a hidden field of a page. */
export const hiddenOf = ({ body }: Pick<LightMyRequestResponse, 'body'>, name: string): string | undefined => {
  const [, value] = new RegExp(`<input type="hidden" name="${name}" value="([^"]*)">`).exec(body) ?? []
  return value === undefined ? undefined : unescapeHtml(value)
}

/** The options of the passkey form of a page. */
export function passkeyOptionsOf({ body }: Pick<LightMyRequestResponse, 'body'>) {
  const [, options] = /data-options="([^"]*)"/.exec(body) ?? []
  return options === undefined ? undefined : JSON.parse(unescapeHtml(options))
}

/** What the script of a page tells the browser of its passkeys; undefined if nothing. */
export function signalIn({ body }: Pick<LightMyRequestResponse, 'body'>) {
  const [, signal, given = ''] = /data-signal="(\w+)" data-signal-with="([^"]*)"/.exec(body) ?? []
  return signal === undefined ? undefined : { signal, ...JSON.parse(unescapeHtml(given)) }
}

/** What a page knows, of a service with the given settings. */
export function pageContext(
  environment: Record<string, string> = {},
  { path = '/pages/step', language = 'en' } = {}
): PageContext {
  const request = { method: 'GET', url: path, routeOptions: { url: path }, headers: { 'accept-language': language } }
  const renderer = createPageRenderer({ clock: systemClock, config: readConfig(environment) })
  return renderer.contextOf(request as unknown as FastifyRequest)
}
