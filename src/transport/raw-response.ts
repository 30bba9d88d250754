import { STATUS_CODES } from 'node:http'
import type { Problem } from '../errors.ts'

/** In case a browser shows an answer as a page: it must not run, load or frame anything. `/docs` has its own policy. */
const DENY_ALL = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

/** The headers of every answer: those of helmet's set that matter for answers other than HTML. */
export const commonHeaders = (id: string) => ({
  'x-request-id': id,
  'cache-control': 'no-store',
  'content-security-policy': DENY_ALL,
  'x-content-type-options': 'nosniff'
})

/** The headers and the body of a refusal without a Fastify reply. It closes the connection. */
export function bareRefusal(problem: Problem, id: string) {
  const body = JSON.stringify(problem)
  const headers = {
    ...commonHeaders(id),
    ...problem.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close'
  }
  return { headers, body }
}

/** The same as the text of an HTTP/1.1 response, for a socket without a response object. */
export function rawAnswer(problem: Problem, id: string): string {
  const { headers, body } = bareRefusal(problem, id)
  const head = [
    `HTTP/1.1 ${problem.statusCode} ${STATUS_CODES[problem.statusCode]}`,
    ...Object.entries({ ...headers, date: new Date().toUTCString() }).map((header) => header.join(': '))
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
