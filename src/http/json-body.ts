import { isUtf8 } from 'node:buffer'
import { Problem } from '../errors.ts'

/**
 * Parses a JSON body (RFC 8259).
 *
 * @throws Problem MALFORMED_REQUEST if the body is not JSON in valid UTF-8, or contains a `__proto__` key, a NUL or a
 * lone surrogate
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new Problem('MALFORMED_REQUEST', { message: 'The body is not valid UTF-8.' })
  const text = bytes.toString('utf8')
  // Removes escaped backslashes first, so that each remaining backslash starts an escape sequence.
  if (FORBIDDEN.test(text.replaceAll('\\\\', '--'))) throw forbidden()
  try {
    return JSON.parse(text, refuseProto)
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('MALFORMED_REQUEST', { message: 'The body is not valid JSON.' })
  }
}

/**
 * An escaped NUL or lone surrogate. Valid UTF-8 contains surrogates only as escapes. The text is searched rather than the
 * parsed value, in which a repeated key replaces the earlier value.
 */
const FORBIDDEN = /\\u(?:0000|d[89ab]..(?!\\ud[c-f])|(?<!\\ud[89ab]..\\u)d[c-f]..)/i

function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw forbidden()
  return value
}

const forbidden = () => new Problem('MALFORMED_REQUEST', { message: 'The body holds a forbidden key or character.' })

/** Whether a body has a content coding other than `identity` (RFC 9110 §8.4): none is supported. */
export function isEncoded(contentEncoding = ''): boolean {
  return contentEncoding.split(',').some((coding) => !/^\s*(?:identity\s*)?$/i.test(coding))
}
