import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

const CACHE = new URL('../../node_modules/.cache/latchkey/', import.meta.url)

mkdirSync(CACHE, { recursive: true })

const TAP = new URL('tap.cjs', import.meta.url).href

/** Packages of so many modules that their CommonJS is far quicker: each of an ES module's imports asks this thread. */
const LARGE = new Set(['@sinclair/typebox', 'nodemailer'])

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, nextResolve) {
  if (context.parentURL?.includes('/node_modules/')) return nextResolve(specifier, context)
  if (specifier === 'tap') return { url: TAP, format: 'commonjs', shortCircuit: true }
  if (!LARGE.has(specifier)) return nextResolve(specifier, context)
  const conditions = context.conditions.map((condition) => (condition === 'import' ? 'require' : condition))
  return nextResolve(specifier, { ...context, conditions })
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context)
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
