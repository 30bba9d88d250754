import type { FastifyInstance, LightMyRequestResponse } from 'fastify'

/** Sends the form of a page as a browser does. */
export function submit(
  fastify: FastifyInstance,
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string> = { origin: 'http://127.0.0.1:3000' }
) {
  return fastify.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString()
  })
}

/** What a person reads on a page, and what its form would send. */
export function readPage({ statusCode, body }: LightMyRequestResponse) {
  const [, main = ''] = /<main>\n(.*)<\/main>/s.exec(body) ?? []
  const inputs = [...main.matchAll(/<input[^>]* name="([^"]*)"/g)].map(([, name]) => String(name))
  const text = main
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return { statusCode, text, inputs }
}
