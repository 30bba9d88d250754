import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { page, STYLE } from '../src/page.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** A page of our own to answer with, under a policy that lets it show itself, post its form, and nothing else. */
    page(title: string, content: string, options?: { wide?: boolean }): string
  }
}

/** The hash of the one style (CSP Level 3 §6.7.3.3): nothing else that found its way into a page would be styled by it. */
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

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
  // The token of a link is in the address.
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY'
}

export default fp(
  async (fastify) => {
    fastify.decorateReply('page', function (this: FastifyReply, title, content, options) {
      this.headers(HEADERS).type('text/html; charset=utf-8')
      return page(title, content, options)
    })
  },
  { name: 'pages', dependencies: ['headers'] }
)
