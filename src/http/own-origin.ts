import type { IncomingHttpHeaders } from 'node:http'
import { isPlainLoopback } from './loopback.ts'

/** Hosts by which a browser may address a service on its own machine. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** The origins of the service's own pages: that of PUBLIC_URL and, if it is loopback, its other names. */
export function ownOrigins(publicUrl: string): Set<string> {
  const { origin, port } = new URL(publicUrl)
  const names = isPlainLoopback(publicUrl) ? LOOPBACK : []
  return new Set([origin, ...names.map((name) => new URL(`http://${name}:${port || 80}`).origin)])
}

/**
 * Whether a page of one of these origins submitted a form. The browser sets Origin and Sec-Fetch-Site, and pages cannot
 * change them (OWASP CSRF Prevention Cheat Sheet, "Verifying Origin" and "Fetch Metadata"). Sec-Fetch-Site decides if
 * Origin is missing or `null`: any page can make its own Origin `null`.
 */
export function isOwnForm(headers: IncomingHttpHeaders, origins: ReadonlySet<string>): boolean {
  const { origin } = headers
  if (origin === undefined || origin === 'null') return headers['sec-fetch-site'] === 'same-origin'
  return origins.has(origin)
}
