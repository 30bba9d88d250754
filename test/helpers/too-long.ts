import type { Test } from 'tap'

/** Keeps those moments from passing after which something is too long (src/concurrency/settled-within.ts). @returns lets the last pass */
export function holdMoments(t: Test): () => void {
  const { setTimeout: original } = globalThis
  t.teardown(() => Object.assign(globalThis, { setTimeout: original }))
  let pass = () => {}
  globalThis.setTimeout = ((work: () => void, time: number) => {
    if (time !== 100) return original(work, time)
    pass = work
    return original(() => {}, 0)
  }) as never
  return () => pass()
}
