/** Runs cleanup after the work. An error of the cleanup is thrown only if the work did not fail. */
export async function endingWith<Value>(work: () => Promise<Value>, end: () => unknown): Promise<Value> {
  const [done] = await Promise.allSettled([work()])
  const [ended] = await Promise.allSettled([(async () => end())()])
  if (done.status === 'rejected') throw done.reason
  if (ended.status === 'rejected') throw ended.reason
  return done.value
}

/** Runs all cleanups concurrently. @throws the first error, after all have settled */
export async function endAll(ends: (() => unknown)[]): Promise<void> {
  const endings = ends.map(async (end) => end())
  await Promise.allSettled(endings)
  await Promise.all(endings)
}
