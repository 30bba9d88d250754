import fp from 'fastify-plugin'
import { type AddLink, createLinkPages } from './link-pages.ts'
import { type AddMailRequest, createMailPages } from './mail-pages.ts'
import { type AddForm, createPageRoutes } from './page-routes.ts'
import { createRenderPage, type RenderPage } from './render-page.ts'

/** HTML pages. */
export interface Pages {
  render: RenderPage
  addForm: AddForm
  addLink: AddLink
  addMailRequest: AddMailRequest
}

declare module 'fastify' {
  interface FastifyInstance {
    pages: Pages
  }
}

/** Provides HTML pages. */
export default fp(
  async (fastify) => {
    const render = createRenderPage(fastify.config)
    const addForm = createPageRoutes(fastify, render)
    const addLink = createLinkPages(addForm)
    const addMailRequest = createMailPages(fastify, addForm)
    fastify.decorate('pages', { render, addForm, addLink, addMailRequest } satisfies Pages)
  },
  { name: 'pages', dependencies: ['audit', 'config', 'limits', 'mail'] }
)
