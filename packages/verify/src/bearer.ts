import { Problem } from './problem.ts'

/**
 * Extracts the bearer token of an Authorization header (RFC 6750 §2.1).
 *
 * @throws Problem TOKEN_MISSING if there is no header, or it has another scheme
 */
export function readBearer(authorization = ''): string {
  const scheme = /^bearer(?: +|$)/i.exec(authorization)?.[0]
  if (scheme === undefined) {
    const what =
      authorization === '' ? 'there is no Authorization header' : 'the Authorization header has another scheme'
    throw new Problem('TOKEN_MISSING', { reason: what })
  }
  return authorization.slice(scheme.length)
}

/**
 * The value of the Authorization header of a request in Node, which would otherwise take the first of several: a proxy may
 * have looked at another one.
 *
 * @throws Problem TOKEN_INVALID if there are several
 */
export function readAuthorization(request: { rawHeaders: readonly string[] }): string | undefined {
  let found: string | undefined
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]?.toLowerCase() !== 'authorization') continue
    if (found !== undefined) throw new Problem('TOKEN_INVALID', { reason: 'there are several Authorization headers' })
    found = request.rawHeaders[index + 1]
  }
  return found
}
