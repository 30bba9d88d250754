import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Nothing, refusals } from '../src/schemas/answers.ts'

const redirect = (description: string, path: string) => ({
  description,
  type: 'null',
  headers: { location: Type.String({ description: 'the URL', examples: [path] }) }
})

const schema = {
  operationId: 'root',
  summary: 'Start page',
  description: 'Redirects to the page of the account, or to the API reference where the pages are off.',
  tags: ['service'],
  querystring: Nothing,
  response: {
    302: redirect('A redirect to the API reference.', '/docs'),
    303: redirect('A redirect to the page of the account.', '/pages/account'),
    ...refusals()
  }
}

/** Redirects a person who opens the address that the start prints. */
const root: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, pages } = fastify
  const [target, status] = pages.hosted ? (['pages/account', 303] as const) : (['docs', 302] as const)
  // A proxy may have the service under a path of its own.
  const { pathname } = new URL(`${config.PUBLIC_URL}/${target}`)
  fastify.get('/', { schema }, async (_request, reply) => reply.redirect(pathname, status))
}

export default root
