/** Functions that clean up when the process exits, for any reason. */
const undos: (() => void)[] = []

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
      process.stdout.write(`could not put away: ${error}\n`)
    }
  }
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
