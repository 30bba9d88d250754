/** Formats how often each value occurs, the most frequent first. */
export function frequencies(items: Iterable<string>): string {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  return sorted.map(([item, count]) => `${count} × ${item}`).join(', ')
}
