import { Problem } from '../errors.ts'
import { type Metadata, metadataFaults } from '../schemas/fields.ts'

export type { Metadata }

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
 * Checks the size, depth and numbers of metadata.
 *
 * @throws Problem VALIDATION_FAILED
 */
export function validateMetadata(metadata: Metadata): Metadata {
  const errors = metadataFaults(metadata)
  if (errors.length > 0) throw new Problem('VALIDATION_FAILED', { errors })
  return metadata
}

const isObject = (value: unknown): value is Metadata =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
