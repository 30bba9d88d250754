import { type Fault, Problem } from '../errors.ts'

/** Data of an operator or an application about an account: an object. */
export type Metadata = Record<string, unknown>

/** The maximum size as JSON, in bytes. */
export const MAX_METADATA_BYTES = 4096

/** The maximum depth: the object itself is 1. */
export const MAX_METADATA_DEPTH = 8

/**
 * Applies a merge patch (RFC 7396): null removes a key, an object is merged, and any other value replaces the one before.
 *
 * @param target the value before; undefined if there is none
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged: Metadata = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatch(merged[key], value)
  }
  return merged
}

/**
 * Checks the size and depth of metadata.
 *
 * @throws Problem VALIDATION_FAILED
 */
export function validateMetadata(metadata: Metadata): Metadata {
  const fault = faultOf(metadata)
  if (fault) throw new Problem('VALIDATION_FAILED', { errors: [{ path: '/metadata', ...fault }] })
  return metadata
}

function faultOf(metadata: Metadata): Omit<Fault, 'path'> | undefined {
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES) {
    return { message: `must have at most ${MAX_METADATA_BYTES} bytes as JSON`, rule: 'too_large' }
  }
  if (depthOf(metadata) > MAX_METADATA_DEPTH) {
    return { message: `must be at most ${MAX_METADATA_DEPTH} levels deep`, rule: 'too_large' }
  }
  return undefined
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

const isObject = (value: unknown): value is Metadata =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
