import { type PageContext, say } from './layout.ts'

/** Describes what was done just before: by the query of the page, which is a word of a closed list. */
export function describeDone(page: PageContext, query: unknown): string | undefined {
  const { done } = query as { done?: unknown }
  const key = `done.${done}`
  return typeof done === 'string' && page.language.has(key) ? say(page, key) : undefined
}
