import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import helmet from '@fastify/helmet'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Problem } from '../src/errors.ts'
import { createDocument, type Document } from '../src/http/document.ts'
import { html } from '../src/pages/html.ts'
import { Nothing } from '../src/schemas/answers.ts'

const PAGE = String(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Latchkey API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`)

const START = `SwaggerUIBundle({ dom_id: '#swagger-ui', url: 'openapi.json', deepLinking: true, validatorUrl: null })\n`

/** Swagger UI fetches the document, uses inline styles, and has its icons as data URLs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'"
].join('; ')

const CACHED = { 'cache-control': 'public, max-age=3600' }

const pageSchema = { hide: true, querystring: Nothing }

const fileSchema = {
  hide: true,
  querystring: Nothing,
  params: Type.Object({ file: Type.String() }, { additionalProperties: false })
}

/** Serves HTML, and therefore all headers of helmet. */
const docs: FastifyPluginAsyncTypebox = async (fastify) => {
  // Removes the headers of plugins/http/headers.ts, which helmet would not replace.
  await fastify.register(helmet, { contentSecurityPolicy: false, xFrameOptions: { action: 'deny' } })

  fastify.get('/docs', { schema: pageSchema }, async (_request, reply) => {
    return reply.headers(CACHED).header('content-security-policy', CONTENT_SECURITY_POLICY).document(DOCUMENT)
  })

  fastify.get('/docs/:file', { schema: fileSchema }, async ({ params }, reply) => {
    const file = await FILES.get(params.file)?.()
    if (!file) throw new Problem('NOT_FOUND')
    return reply.headers(CACHED).document(file)
  })
}

export default docs

const DOCUMENT = createDocument('text/html; charset=utf-8', PAGE)

/** Reads a file on the first request, and caches it. */
function fromSwaggerUi(name: string, type: string): () => Promise<Document> {
  let document: Promise<Document> | undefined
  return () => {
    document ??= readFile(resolve(`@fastify/swagger-ui/static/${name}`)).then((content) =>
      createDocument(type, content)
    )
    return document
  }
}

const { resolve } = createRequire(import.meta.url)

const CSS = 'text/css; charset=utf-8'
const JAVASCRIPT = 'text/javascript; charset=utf-8'

const FILES = new Map([
  ['start.js', async () => createDocument(JAVASCRIPT, START)],
  ['swagger-ui.css', fromSwaggerUi('swagger-ui.css', CSS)],
  ['swagger-ui-bundle.js', fromSwaggerUi('swagger-ui-bundle.js', JAVASCRIPT)]
])
