import { STATUS_CODES } from 'node:http'
import type { Problem } from '../errors.ts'

/** For a browser that is led to take an answer for a page: it runs, loads and frames nothing. `/docs` has its own. */
const NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

/** The headers of every answer. Of helmet's set these are the ones that mean something where no HTML is served. */
export const commonHeaders = (id: string) => ({
  'x-request-id': id,
  'cache-control': 'no-store',
  'content-security-policy': NO_PAGE,
  'x-content-type-options': 'nosniff'
})

/** A refusal for where there is no reply: its headers and its body; the connection ends with it. */
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

/** The same as a whole HTTP/1.1 answer in text, for where there is not even a response object. */
export function rawAnswer(problem: Problem, id: string): string {
  const { headers, body } = bareRefusal(problem, id)
  const head = [
    `HTTP/1.1 ${problem.statusCode} ${STATUS_CODES[problem.statusCode]}`,
    ...Object.entries({ ...headers, date: new Date().toUTCString() }).map((header) => header.join(': '))
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
