import { readdirSync } from 'node:fs'
import tap, { comment } from 'tap'

/** How long a test may take, in milliseconds: .taprc bounds the process. */
const TIMEOUT_MS = 1_200_000

/** The files that .taprc starts by themselves: this one mocks timers while the service starts, and later tests hang. */
export const ALONE = ['test/hidden-accounts.test.ts']

interface Share {
  /** Part 1 of 2 is the first, the third, the fifth file: a large folder in one process would run to its end alone. */
  part?: number
  of?: number
  /** Whether the files of its folders are among them. */
  deep?: boolean
}

/**
 * Runs the test files of a folder in this process, one after the other: most of the time of a small file goes into
 * starting Node, PostgreSQL and the application, which is done once for all of them.
 *
 * @param folder its path from the root of the project
 * @param share which of its files
 */
export async function together(folder: string, { part = 1, of = 1, deep = true }: Share = {}): Promise<void> {
  // Until then no test runs: the whole would end where the tests of one file take less time than loading the next one.
  let begin = (): void => {}
  const loaded = new Promise<void>((resolve) => {
    begin = resolve
  })
  tap.test('all files are loaded', () => loaded)
  // The time of the process begins anew with each test.
  tap.beforeEach(() => tap.setTimeout(TIMEOUT_MS))
  const root = new URL(`../../${folder}/`, import.meta.url)
  const files = readdirSync(root, { recursive: deep, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.test.ts') && !ALONE.includes(`${folder}/${file}`)
  )
  try {
    for (const [index, file] of files.sort().entries()) {
      if (index % of !== part - 1) continue
      comment(`${folder}/${file}`)
      await import(new URL(file, root).href)
    }
  } finally {
    begin()
  }
}
