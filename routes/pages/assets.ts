import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { createDocument } from '../../src/http/document.ts'
import type { Asset } from '../../src/pages/assets.ts'

/** The name of a file changes with its content (RFC 8246). */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** The logo has one name. */
const FOR_A_WHILE = 'public, max-age=3600'

/** Styles and pixels within an SVG, which some browsers block by the policy of the image. It runs and loads nothing. */
const LOGO_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

/** The files that pages load. */
const assets: FastifyPluginAsyncTypebox = async (fastify) => {
  const { sheet, ownSheet, script, logo } = fastify.pages.assets
  const schema = { hide: true, querystring: Type.Object({}, { additionalProperties: false }) }

  function serve({ path, type, content }: Asset, headers: Record<string, string>): void {
    const document = createDocument(type, content)
    fastify.get(`/${path.replace(/^pages\//, '')}`, { schema }, (_request, reply) =>
      reply.headers(headers).document(document)
    )
  }

  for (const file of [sheet, ownSheet, script]) if (file) serve(file, { 'cache-control': FOR_EVER })
  if (logo) serve(logo, { 'cache-control': FOR_A_WHILE, 'content-security-policy': LOGO_POLICY })
}

export default assets
