interface Stream {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

/** Shows the progress: one line that changes on a terminal, otherwise one line for each step. */
export function showProgress(stream: Stream = process.stderr, now = () => performance.now()) {
  const start = now()
  let last = ''
  return {
    show(what: string, done: number): void {
      const left = done > 0.02 ? (now() - start) * Math.max(0, 1 / done - 1) : undefined
      const line = `${bar(done)} ${what}${left === undefined ? '' : `, ${duration(left)} left`}`
      if (stream.isTTY) stream.write(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`)
      else if (what !== last) stream.write(`${what}\n`)
      last = what
    },
    end(): void {
      if (stream.isTTY) stream.write('\r\x1b[K')
    }
  }
}

const WIDTH = 20

export function bar(done: number): string {
  const filled = Math.round(Math.min(1, done) * WIDTH)
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`
}

/** `40 s` or `4 min`. */
export const duration = (ms: number) => (ms < 90_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`)
