export { frequencies } from '@latchkey/compare/report/frequencies'

/** The report of a program. */
let failures = 0

/** Prints the result of a check: whether it held, and the observed value. @returns the line */
export function check(held: boolean, what: string, seen = ''): string {
  if (!held) failures += 1
  const line = `${held ? 'ok' : 'FAILED'} ${what}${seen && `: ${seen}`}`
  print(line)
  return line
}

/** Prints a figure, or why a check was skipped. */
export const note = (text: string) => print(`   ${text}`)

export const title = (text: string) => print(`\n${text}`)

/** Runs the parts that the command line names, or all, and exits: with 1 if a check failed. */
export async function runParts(
  parts: Record<string, () => Promise<void>>,
  named: string[] = process.argv.slice(2)
): Promise<never> {
  const chosen = named.length > 0 ? named : Object.keys(parts)
  const unknown = chosen.find((name) => !Object.hasOwn(parts, name))
  if (unknown) throw new Error(`there is no part ${unknown}; there are ${Object.keys(parts).join(', ')}`)
  for (const name of chosen) await parts[name]?.()
  finish()
}

/** Exits the program: with 1 if a check failed. */
export function finish(): never {
  title(failures === 0 ? 'Everything held.' : `${failures} did not hold.`)
  process.exit(failures === 0 ? 0 : 1)
}

export const milliseconds = (time: number) =>
  time < 10_000 ? `${time.toFixed(0)} ms` : `${(time / 1000).toFixed(1)} s`

export const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MB`

/** Formats a table in Markdown. */
export function table(head: string[], rows: (string | number)[][]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
