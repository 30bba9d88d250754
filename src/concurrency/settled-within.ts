/** How long work at the database holds up others, in milliseconds: its connection may hang, where others do not. */
const TOO_LONG = 100

/** Resolves when the work has ended, in whichever way, or has taken so long that it must not hold up others. */
export async function settledWithin(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, TOO_LONG).unref()
  })
  await Promise.race([work.catch(() => {}), tooLong])
  clearTimeout(timer)
}
