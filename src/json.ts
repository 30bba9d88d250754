import { isUtf8 } from 'node:buffer'
import { Problem } from './errors.ts'

/**
 * Reads a JSON body (RFC 8259).
 *
 * @throws Problem MALFORMED_REQUEST when it is not JSON in valid UTF-8, or holds what no honest client sends: a
 * `__proto__` key, a NUL or a lone surrogate
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new Problem('MALFORMED_REQUEST', { message: 'The body is not valid UTF-8.' })
  try {
    return JSON.parse(bytes.toString('utf8'), honest)
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('MALFORMED_REQUEST', { message: 'The body is not valid JSON.' })
  }
}

function honest(key: string, value: unknown): unknown {
  if (key === '__proto__' || !isText(key) || (typeof value === 'string' && !isText(value))) {
    throw new Problem('MALFORMED_REQUEST', { message: 'The body holds a forbidden key or character.' })
  }
  return value
}

function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
