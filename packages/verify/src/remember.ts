/**
 * Adds an entry to a map of limited size. The oldest is forgotten: cheaper than tracking use, and as good for tokens that
 * live for minutes.
 */
export function remember<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void {
  if (map.size >= limit) map.delete(map.keys().next().value as string)
  map.set(key, value)
}
