/** Does something a number of times, one after the other, and returns the results. */
export async function times<Result>(count: number, work: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let index = 0; index < count; index++) results.push(await work())
  return results
}
