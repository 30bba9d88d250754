import type { Json } from './types.ts'

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The merge patch (RFC 7396) that makes one object of another: null removes a key. */
export function mergePatch(from: Json, to: Json): Json {
  const removed = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  const changed = Object.entries(to).flatMap(([key, value]): [string, unknown][] => {
    const before = Object.hasOwn(from, key) ? from[key] : undefined
    if (JSON.stringify(before) === JSON.stringify(value)) return []
    return [[key, isObject(before) && isObject(value) ? mergePatch(before, value) : value]]
  })
  return Object.fromEntries([...removed.map((key): [string, unknown] => [key, null]), ...changed])
}
