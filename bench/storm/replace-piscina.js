/** For `node --import`: the service as it is built, but hashing in bcrypt's own pool. Its queue stays as it is. */
import { register } from 'node:module'

const pool = new URL('bcrypt-pool.js', import.meta.url).href
const hooks = `export const resolve = (specifier, context, next) =>
  specifier === 'piscina' ? { url: ${JSON.stringify(pool)}, format: 'module', shortCircuit: true } : next(specifier, context)`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
