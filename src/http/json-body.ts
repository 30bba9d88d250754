import { isUtf8 } from 'node:buffer'
import { Problem } from '../errors.ts'

/**
 * Reads a JSON body (RFC 8259).
 *
 * @throws Problem MALFORMED_REQUEST when it is not JSON in valid UTF-8, or holds what no honest client sends: a
 * `__proto__` key, a NUL or a lone surrogate
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new Problem('MALFORMED_REQUEST', { message: 'The body is not valid UTF-8.' })
  const text = bytes.toString('utf8')
  // Without its escaped backslashes, so that what follows any other one is its escape.
  if (DISHONEST.test(text.replaceAll('\\\\', '--'))) throw forbidden()
  try {
    return JSON.parse(text, refuseProto)
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('MALFORMED_REQUEST', { message: 'The body is not valid JSON.' })
  }
}

/**
 * A NUL, a high surrogate that no low one follows, or a low one that follows no high one. In valid UTF-8 they can only
 * be escapes, and are looked for as such: a value that a second one of the same key hides is not to be seen later.
 */
const DISHONEST = /\\u(?:0000|d[89ab]..(?!\\ud[c-f])|(?<!\\ud[89ab]..\\u)d[c-f]..)/i

function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw forbidden()
  return value
}

const forbidden = () => new Problem('MALFORMED_REQUEST', { message: 'The body holds a forbidden key or character.' })

/** Whether a body has a content coding, which nothing here undoes (RFC 9110 §8.4); `identity` is none. */
export function isEncoded(contentEncoding = ''): boolean {
  return contentEncoding.split(',').some((coding) => !/^\s*(?:identity\s*)?$/i.test(coding))
}
