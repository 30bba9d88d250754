import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Problem } from '../src/errors.ts'
import { createDocument } from '../src/http/document.ts'
import type { Asset } from '../src/pages/assets.ts'

/** It loads its own script and sheet, calls this service, and turns no text into markup (Trusted Types). */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join('; ')

const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY'
}

/** The name of a file changes with its content (RFC 8246). */
const FILE_HEADERS = {
  'cache-control': 'public, max-age=31536000, immutable',
  'cross-origin-resource-policy': 'same-origin'
}

const NOT_BUILT = 'The console was not built: run npm run build, and start the service again.'

/** The console: it uses the admin API alone, and has no routes of its own that change anything. */
const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, consoleFiles } = fastify
  if (config.ADMIN === 'off') return
  const schema = { hide: true, querystring: Type.Object({}, { additionalProperties: false }) }

  function serve(url: string, type: string, content: string | Buffer, headers: Record<string, string>): void {
    const document = createDocument(type, content)
    fastify.get(url, { schema }, (_request, reply) => reply.headers(headers).document(document))
  }

  if (!consoleFiles) {
    fastify.get('/console', { schema }, async () => {
      throw new Problem('NOT_FOUND', { message: NOT_BUILT })
    })
    return
  }
  serve('/console', 'text/html; charset=utf-8', consoleFiles.page, PAGE_HEADERS)
  const serveFile = ({ path, type, content }: Asset) => serve(`/${path}`, type, content, FILE_HEADERS)
  serveFile(consoleFiles.script)
  serveFile(consoleFiles.sheet)
}

export default routes
