import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { createDocument } from '../../src/http/document.ts'
import type { Asset } from '../../src/pages/assets.ts'

/** The name of a file changes with its content (RFC 8246). */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** The logo has one name. */
const FOR_A_WHILE = 'public, max-age=3600'

/** The files that pages load. */
const assets: FastifyPluginAsyncTypebox = async (fastify) => {
  const { sheet, ownSheet, script, logo } = fastify.pages.assets
  const schema = { hide: true, querystring: Type.Object({}, { additionalProperties: false }) }

  function serve({ path, type, content }: Asset, caching: string): void {
    const document = createDocument(type, content)
    fastify.get(`/${path.replace(/^pages\//, '')}`, { schema }, (_request, reply) =>
      reply.header('cache-control', caching).document(document)
    )
  }

  for (const file of [sheet, ownSheet, script]) if (file) serve(file, FOR_EVER)
  if (logo) serve(logo, FOR_A_WHILE)
}

export default assets
