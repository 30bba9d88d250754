import { createHash } from 'node:crypto'

/** A representation that stays the same from one request to the next. */
export interface Document {
  readonly body: Buffer
  /** Its media type. */
  readonly type: string
  /** A strong entity tag (RFC 9110 §8.8.3). */
  readonly etag: string
}

export function createDocument(type: string, content: string | Buffer): Document {
  const body = Buffer.from(content)
  return { body, type, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}

/**
 * Whether a client that sends `If-None-Match` has the current representation. Tags are compared weakly: a proxy that
 * compresses may have weakened ours (RFC 9110 §13.1.2).
 *
 * @param etag a strong one
 */
export function isUnmodified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.trim() === '*' || (ifNoneMatch.match(TAGS) ?? []).some((tag) => tag.replace(/^W\//, '') === etag)
}

/** A tag may hold a comma, and so is not split off at one (RFC 9110 §8.8.3). */
const TAGS = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g
