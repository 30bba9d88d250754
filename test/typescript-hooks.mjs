import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

const CACHE = new URL('../node_modules/.cache/latchkey/', import.meta.url)

mkdirSync(CACHE, { recursive: true })

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  // A mocked module has a query.
  if (!new URL(url).pathname.endsWith('.ts')) return nextLoad(url, context)
  const { source } = await nextLoad(url, { ...context, format: 'module' })
  return { format: 'module', shortCircuit: true, source: await blanked(String(source)) }
}

/**
 * The compiler is slow to load: it is wanted only for what has changed since.
 *
 * @param {string} source
 */
async function blanked(source) {
  const path = new URL(`${createHash('sha256').update(source).digest('hex')}.js`, CACHE)
  try {
    return readFileSync(path, 'utf8')
  } catch {
    const { default: blankTypes } = await import('ts-blank-space')
    const blank = blankTypes(source)
    // Several processes may write it at once: each writes its own, and the last one stays.
    const own = new URL(`${path}.${process.pid}`)
    writeFileSync(own, blank)
    renameSync(own, path)
    return blank
  }
}
