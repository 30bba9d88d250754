import fp from 'fastify-plugin'
import findMyWay, { type HTTPMethod } from 'find-my-way'

declare module 'fastify' {
  interface FastifyInstance {
    /** Lists the methods that the path of a URL has, in order; none for an unknown path. */
    allowedMethods(url: string): string[]
  }
  interface FastifyContextConfig {
    /** Takes what no other route takes. */
    catchAll?: true
  }
}

/** Whether a route matches with no empty parameter: the router matches `/sessions/` with an empty id. */
const isMatch = (params?: Record<string, string | undefined>) =>
  params !== undefined && !Object.values(params).includes('')

/** Keeps every route in a second router, which answers what methods a path has without handling a request. */
export default fp(
  async (fastify) => {
    const methods = new Set<HTTPMethod>()
    const routes = findMyWay()

    fastify.addHook('onRoute', ({ method, url, routePath, config }) => {
      if (config?.catchAll) return
      // The root below a prefix has a path without a slash too.
      for (const path of routePath === '' ? [url, `${url}/`] : [url]) {
        for (const each of [method].flat() as HTTPMethod[]) {
          methods.add(each)
          if (!routes.findRoute(each, path)) routes.on(each, path, () => {})
        }
      }
    })

    fastify.decorate('allowedMethods', (url: string) => {
      const [path] = url.split('?', 1) as [string]
      // The server as a whole (RFC 9112 §3.2.4): the router would treat it as /.
      if (path === '*') return []
      return [...methods].filter((method) => isMatch(routes.find(method, path)?.params)).sort()
    })
  },
  { name: 'allowed-methods' }
)
