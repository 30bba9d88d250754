/** In milliseconds: one connection to the database may hang while others work. */
const TIMEOUT = 100

/** Resolves when the work has settled, or after 100 ms. Never rejects. */
export async function settledWithin(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, TIMEOUT).unref()
  })
  await Promise.race([work.catch(() => {}), timeout])
  clearTimeout(timer)
}
