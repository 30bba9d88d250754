import { createHash } from 'node:crypto'

/** A representation that is the same for every request, and therefore cacheable. */
export interface Document {
  readonly body: Buffer
  /** Its media type. */
  readonly type: string
  /** A strong entity tag (RFC 9110 §8.8.3). */
  readonly etag: string
}

/** @param type the media type */
export function createDocument(type: string, content: string | Buffer): Document {
  const body = Buffer.from(content)
  return { body, type, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}

/**
 * Whether `If-None-Match` matches the current representation. Uses weak comparison, since a compressing proxy may have
 * weakened the tag (RFC 9110 §13.1.2).
 *
 * @param etag the strong entity tag of the representation
 */
export function isUnmodified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.trim() === '*' || (ifNoneMatch.match(TAGS) ?? []).some((tag) => tag.replace(/^W\//, '') === etag)
}

/** Matches tags rather than splitting at commas, which a tag may contain (RFC 9110 §8.8.3). */
const TAGS = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g
