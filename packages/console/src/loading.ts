import { useEffect, useState } from 'preact/hooks'
import { call, withQuery } from './api.ts'

export interface Loaded<Value> {
  /** Undefined until it is there. A former one stays until another is. */
  value: Value | undefined
  error: unknown
  reload(): void
}

/**
 * Loads when the address changes, and drops what is then on its way.
 *
 * @param path undefined loads nothing
 */
export function useLoaded<Value>(path: string | undefined): Loaded<Value> {
  const [state, setState] = useState<{ path?: string; value?: Value | undefined; error?: unknown }>({})
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    if (path === undefined) return undefined
    const controller = new AbortController()
    call<Value>('GET', path, { signal: controller.signal }).then(
      (value) => setState({ path, value }),
      (error: unknown) => {
        if (!controller.signal.aborted) setState((before) => ({ ...(before.path === path && before), path, error }))
      }
    )
    return () => controller.abort()
  }, [path, turn])
  return { value: state.value, error: state.error, reload: () => setTurn((before) => before + 1) }
}

type Page<Key extends string, Row> = { [name in Key]: Row[] } & { next: string | null }

/** The rows of the pages after the first one. */
interface Later<Key extends string, Row> {
  of: Page<Key, Row>
  rows: Row[]
  pages: number
  next: string | null
  error?: unknown
}

export interface Listed<Row> {
  /** Undefined until the first page is there. */
  rows: Row[] | undefined
  error: unknown
  /** Loads the next page; undefined on the last one. */
  more: (() => Promise<void>) | undefined
  reload(): void
}

/** How many empty pages in a row are followed by the next one: each has examined thousands of rows. */
const MAX_EMPTY_PAGES = 20

/** Loads a list page by page. */
export function useListed<Key extends string, Row>(
  key: Key,
  path: string,
  query: Record<string, string | undefined>
): Listed<Row> {
  const first = withQuery(path, query)
  const { value, error, reload } = useLoaded<Page<Key, Row>>(first)
  const [later, setLater] = useState<Later<Key, Row>>()
  const known = later && later.of === value ? later : undefined
  const next = known ? known.next : value?.next

  async function more(): Promise<void> {
    if (!value || !next) return
    const before = known?.rows ?? []
    const pages = known?.pages ?? 0
    try {
      const page = await call<Page<Key, Row>>('GET', withQuery(path, { ...query, cursor: next }))
      setLater({ of: value, rows: [...before, ...page[key]], pages: pages + 1, next: page.next })
    } catch (error) {
      setLater({ of: value, rows: before, pages, next, error })
    }
  }

  const rows = value && [...value[key], ...(known?.rows ?? [])]
  const isEmpty = rows?.length === 0 && !known?.error && (known?.pages ?? 0) < MAX_EMPTY_PAGES
  useEffect(() => {
    if (isEmpty) more()
  }, [isEmpty, value, later])

  return {
    rows,
    error: error ?? known?.error,
    more: next ? more : undefined,
    reload
  }
}
