import type { Test } from 'tap'

/**
 * Makes something that works now and then, and gives it back with its work, so that a test does that itself, when it
 * wants to, and waits for it.
 *
 * @param time how often it works, in milliseconds
 */
export async function withInterval<Made>(
  t: Test,
  time: number,
  make: () => Promise<Made>
): Promise<[made: Made, work: () => Promise<unknown>]> {
  const { setInterval: original } = globalThis
  const works = new Map<number | undefined, () => Promise<unknown>>()
  const restore = () => Object.assign(globalThis, { setInterval: original })
  t.teardown(restore)
  globalThis.setInterval = ((work: () => Promise<unknown>, every?: number) => {
    works.set(every, work)
    return original(() => {}, 1e9)
  }) as never
  const made = await make()
  restore()
  return [made, works.get(time) as () => Promise<unknown>]
}
