import { isUtf8 } from 'node:buffer'
import { Problem } from '../errors.ts'

/**
 * Parses a body of `application/x-www-form-urlencoded`, as OAuth 2.0 uses it (RFC 6749, appendix B). Replaces
 * @fastify/formbody and URLSearchParams, which accept all that is refused here, and replace invalid UTF-8 with U+FFFD.
 *
 * @throws Problem MALFORMED_REQUEST if the body is not a valid form in UTF-8, or contains a parameter twice
 * (RFC 6749 §3.2), a `__proto__` key or a NUL
 */
export function parseForm(bytes: Buffer): Record<string, string> {
  const form: Record<string, string> = {}
  for (const pair of bytes.toString('latin1').split('&').filter(Boolean)) {
    const [key, value] = split(pair).map(decode) as [string, string]
    if (key === '__proto__' || Object.hasOwn(form, key)) throw malformed()
    form[key] = value
  }
  return form
}

function split(pair: string): [string, string] {
  const end = pair.indexOf('=')
  return end < 0 ? [pair, ''] : [pair.slice(0, end), pair.slice(end + 1)]
}

function decode(text: string): string {
  if (/%(?![0-9a-f]{2})/i.test(text)) throw malformed()
  const escaped = text
    .replaceAll('+', ' ')
    .replaceAll(/%(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  const bytes = Buffer.from(escaped, 'latin1')
  if (!isUtf8(bytes) || bytes.includes(0)) throw malformed()
  return bytes.toString('utf8')
}

const malformed = () => new Problem('MALFORMED_REQUEST', { message: 'The body is not a valid form.' })
