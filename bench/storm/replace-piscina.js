/** For `node --import`: makes the built service hash in bcrypt's own pool, behind the same queue. */
import { register } from 'node:module'

const pool = new URL('bcrypt-pool.js', import.meta.url).href
const hooks = `export const resolve = (specifier, context, next) =>
  specifier === 'piscina' ? { url: ${JSON.stringify(pool)}, format: 'module', shortCircuit: true } : next(specifier, context)`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
