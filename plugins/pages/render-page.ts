import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { serviceOf } from '../../src/config/service.ts'
import type { Html } from '../../src/pages/html.ts'
import { type PageOptions, page, STYLE } from '../../src/pages/layout.ts'

/** Renders an HTML page as the answer, with a policy that allows its own style and form and nothing else. */
export type RenderPage = (reply: FastifyReply, title: string, content: Html, options?: PageOptions) => string

/** The hash of the one style (CSP Level 3 §6.7.3.3): no other style applies, even if it gets into a page. */
const STYLE_HASH = createHash('sha256').update(String(STYLE)).digest('base64')

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    'img-src data:',
    `style-src 'sha256-${STYLE_HASH}'`
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // The URL holds the token of a link, which must not reach another origin. With no-referrer a browser would send
  // `Origin: null` with our own forms (Fetch §3.2).
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY'
}

export function createRenderPage(config: Parameters<typeof serviceOf>[0]): RenderPage {
  const service = serviceOf(config)
  return (reply, title, content, options) => {
    reply.headers(HEADERS).type('text/html; charset=utf-8')
    return page(service, title, content, options)
  }
}
