import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Nothing, refusals } from '../src/schemas/answers.ts'

const redirect = (description: string, path: string) => ({
  description,
  type: 'null',
  headers: { location: Type.String({ description: 'the URL', examples: [path] }) }
})

const common = {
  operationId: 'root',
  summary: 'Start page',
  description: 'Redirects to the page of the account, or to the API reference where the pages are off.',
  tags: ['service'],
  querystring: Nothing
}

/** Where the root leads, if people sign in on pages of the service. */
const TO_ACCOUNT = {
  path: 'pages/account',
  status: 303,
  response: { 303: redirect('A redirect to the page of the account.', '/pages/account'), ...refusals() }
}

/** Where it leads otherwise. */
const TO_REFERENCE = {
  path: 'docs',
  status: 302,
  response: { 302: redirect('A redirect to the API reference.', '/docs'), ...refusals() }
}

/** Redirects a person who opens the address that the start prints. */
const root: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, pages } = fastify
  const { path, status, response } = pages.hosted ? TO_ACCOUNT : TO_REFERENCE
  // A proxy may have the service under a path of its own.
  const { pathname } = new URL(`${config.PUBLIC_URL}/${path}`)
  fastify.get('/', { schema: { ...common, response } }, async (_request, reply) => reply.redirect(pathname, status))
}

export default root
