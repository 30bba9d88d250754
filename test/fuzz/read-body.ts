import { isUtf8 } from 'node:buffer'
import type { Ask } from '@latchkey/contract/suite/client'

const FORM = 'application/x-www-form-urlencoded'

/** The media type of a request's body, without its parameters. */
export const mediaTypeOf = ({ headers }: Ask) => headers?.['content-type']?.split(';')[0]?.trim().toLowerCase()

/** What a request's body says; nothing where it cannot be read. */
export function readBody(ask: Ask): unknown {
  const bytes = ask.body as Buffer | undefined
  if (!bytes || !isUtf8(bytes)) return undefined
  if (mediaTypeOf(ask) === FORM) return Object.fromEntries(new URLSearchParams(bytes.toString()))
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
