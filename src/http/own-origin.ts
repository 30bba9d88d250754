import type { IncomingHttpHeaders } from 'node:http'
import { isPlainLoopback } from './loopback.ts'

/** Names of this machine: a browser on it may use any of them for a service that is reached in plain http. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** The origins of the service's own pages. */
export function ownOrigins(publicUrl: string): Set<string> {
  const { origin, port } = new URL(publicUrl)
  const names = isPlainLoopback(publicUrl) ? LOOPBACK : []
  return new Set([origin, ...names.map((name) => new URL(`http://${name}:${port || 80}`).origin)])
}

/**
 * Whether a form was sent by a page of these origins: the browser says so in Origin or, where that is missing or `null`, in
 * Sec-Fetch-Site, neither of which a page can set (OWASP CSRF Prevention Cheat Sheet, "Verifying Origin" and "Fetch
 * Metadata"). A page elsewhere can make its own Origin `null`, so that alone proves nothing.
 */
export function isOwnForm(headers: IncomingHttpHeaders, origins: ReadonlySet<string>): boolean {
  const { origin } = headers
  if (origin === undefined || origin === 'null') return headers['sec-fetch-site'] === 'same-origin'
  return origins.has(origin)
}
