import fp from 'fastify-plugin'
import findMyWay, { type HTTPMethod } from 'find-my-way'

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods that a URL's path has; none for a path that no route has. */
    allowedMethods(url: string): string[]
  }
}

/** Whether a route was found whose parameters are all there: the router takes `/sessions/` for one of an empty id. */
const isNamed = (params?: Record<string, string | undefined>) =>
  params !== undefined && !Object.values(params).includes('')

/** Every route once more, in a router of its own that can be asked about a path without handling a request. */
export default fp(
  async (fastify) => {
    const methods = new Set<HTTPMethod>()
    const routes = findMyWay()

    fastify.addHook('onRoute', ({ method, url }) => {
      // @fastify/cors has one for every path there could be.
      if (url === '*') return
      for (const each of [method].flat() as HTTPMethod[]) {
        methods.add(each)
        routes.on(each, url, () => {})
      }
    })

    fastify.decorate('allowedMethods', (url: string) => {
      const [path] = url.split('?', 1) as [string]
      // The server as a whole (RFC 9112 §3.2.4): the router takes it for /.
      if (path === '*') return []
      return [...methods].filter((method) => isNamed(routes.find(method, path)?.params)).sort()
    })
  },
  { name: 'allowed-methods' }
)
