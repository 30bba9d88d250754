import { useEffect, useRef, useState } from 'preact/hooks'
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

export interface Listed<Row> {
  /** Undefined until the first page is there. */
  rows: Row[] | undefined
  error: unknown
  /** Loads the next page; undefined on the last one. */
  more: (() => Promise<void>) | undefined
  /** Whether empty pages are being followed because the first one is empty. */
  isSearching: boolean
  reload(): void
}

/** How many empty pages are followed by the next one: each has examined thousands of rows. */
const MAX_EMPTY_PAGES = 20

/** Loads a list page by page. */
export function useListed<Key extends string, Row>(
  key: Key,
  path: string,
  query: Record<string, string | undefined>
): Listed<Row> {
  const first = withQuery(path, query)
  const { value, error, reload } = useLoaded<Page<Key, Row>>(first)
  const [later, setLater] = useState<{ of: Page<Key, Row>; rows: Row[]; next: string | null; error?: unknown }>()
  const known = later && later.of === value ? later : undefined
  const next = known ? known.next : value?.next

  const following = useRef<string | undefined>(undefined)
  // Another query, or another screen, ends what is then on its way.
  useEffect(
    () => () => {
      following.current = undefined
    },
    [first]
  )

  async function more(): Promise<void> {
    if (!value || !next || following.current === first) return
    following.current = first
    const before = known?.rows ?? []
    let cursor: string | null = next
    let found: Row[] = []
    try {
      for (let pages = 0; pages < MAX_EMPTY_PAGES && cursor && found.length === 0; pages += 1) {
        const page: Page<Key, Row> = await call('GET', withQuery(path, { ...query, cursor }))
        if (following.current !== first) return
        found = page[key]
        cursor = page.next
      }
      setLater({ of: value, rows: [...before, ...found], next: cursor })
    } catch (error) {
      setLater({ of: value, rows: before, next: cursor, error })
    }
    following.current = undefined
  }

  const rows = value && [...value[key], ...(known?.rows ?? [])]
  useEffect(() => {
    if (rows?.length === 0 && !known) more()
  }, [value])

  return {
    rows,
    error: error ?? known?.error,
    more: next ? more : undefined,
    isSearching: rows?.length === 0 && !known && Boolean(next),
    reload
  }
}
