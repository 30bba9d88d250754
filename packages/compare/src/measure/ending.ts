/** Ends what was begun, however the work went. A fault of the ending is told only where it hides none of the work. */
export async function endingWith<Value>(work: () => Promise<Value>, end: () => unknown): Promise<Value> {
  const [done] = await Promise.allSettled([work()])
  const [ended] = await Promise.allSettled([(async () => end())()])
  if (done.status === 'rejected') throw done.reason
  if (ended.status === 'rejected') throw ended.reason
  return done.value
}

/** Ends all of them at once, whatever becomes of one. @throws the first fault, after all have ended */
export async function endAll(ends: (() => unknown)[]): Promise<void> {
  const endings = ends.map(async (end) => end())
  await Promise.allSettled(endings)
  await Promise.all(endings)
}
