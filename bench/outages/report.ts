/** What the program says, and what it puts away at its end however that comes. */
let failures = 0
const undos: (() => void)[] = []

/** One line for what was tried: whether it held, and what was seen. */
export function check(held: boolean, what: string, seen = ''): void {
  if (!held) failures += 1
  print(`${held ? 'ok' : 'FAILED'} ${what}${seen && `: ${seen}`}`)
}

/** A figure, or what could not be tried here. */
export const note = (text: string) => print(`   ${text}`)

export const title = (text: string) => print(`\n${text}`)

export const failed = () => failures

/** Runs `undo`, which must not wait for anything, when the process ends. Returns a function that does it sooner. */
export function atExit(undo: () => void): () => void {
  undos.push(undo)
  return () => {
    if (undos.includes(undo)) undos.splice(undos.indexOf(undo), 1)
    undo()
  }
}

process.on('exit', () => {
  for (const undo of undos.splice(0).reverse()) {
    try {
      undo()
    } catch (error) {
      print(`could not put away: ${error}`)
    }
  }
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** How many of each, the most frequent first. */
export function tally(items: Iterable<string>): string {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  return sorted.map(([item, count]) => `${count} × ${item}`).join(', ')
}

export const milliseconds = (time: number) =>
  time < 10_000 ? `${time.toFixed(0)} ms` : `${(time / 1000).toFixed(1)} s`

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
