import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { serviceOf } from '../../src/config/service.ts'
import type { Html } from '../../src/pages/html.ts'
import { type PageOptions, page, STYLE } from '../../src/pages/layout.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** A page of our own to answer with, under a policy that lets it show itself, post its form, and nothing else. */
    page(title: string, content: Html, options?: PageOptions): string
  }
}

/** The hash of the one style (CSP Level 3 §6.7.3.3): nothing else that found its way into a page would be styled by it. */
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
  // The token of a link is in the address: no other origin learns it. With no-referrer a browser would send
  // `Origin: null` with our own forms (Fetch §3.2).
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY'
}

export default fp(
  async (fastify) => {
    const service = serviceOf(fastify.config)
    fastify.decorateReply('page', function (this: FastifyReply, title, content, options) {
      this.headers(HEADERS).type('text/html; charset=utf-8')
      return page(service, title, content, options)
    })
  },
  { name: 'pages', dependencies: ['config'] }
)
