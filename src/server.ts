import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'
import { options } from './app.ts'
import { readConfig } from './config/config.ts'
import { keepFilesPrivate } from './config/data-folder.ts'
import { readEnvFile } from './config/env-file.ts'
import { ignoreCopies } from './signals.ts'

/** How long a stop may take, in milliseconds: what is in flight is finished meanwhile. */
const GRACE = 10_000

/** By then every connection has been closed, and only a database that does not answer can hold up the end. */
function endInTime(): void {
  setTimeout(() => process.exit(0), GRACE - 500).unref()
}

function cutShort(): void {
  process.stderr.write('latchkey was told a second time to stop, and does at once.\n')
  process.exit(1)
}

/**
 * For a person to read; everything else gets JSON. In this thread: an exit would wait for ever for a worker whose terminal
 * has gone away.
 */
async function logToTerminal(): Promise<void> {
  const { prettyFactory } = await import('pino-pretty')
  const prettify = prettyFactory({ singleLine: true, ignore: 'pid,hostname,reqId' })
  const stream = { write: (line: string) => process.stdout.write(prettify(line)) }
  Object.assign(options.logger, { stream })
}

/**
 * Node sets a terminal back at its exit and crashes where that has gone away; the listeners of fastify-cli for faults would
 * have it crash again and again, for ever.
 */
function endWithoutTerminal(): void {
  const terminals = [0, 1, 2].filter((each) => isatty(each))
  process.on('exit', () => {
    if (!terminals.every((each) => isatty(each))) process.kill(process.pid, 'SIGKILL')
  })
}

keepFilesPrivate()
endWithoutTerminal()

// What cannot be shown any more, since the terminal or the other end of a pipe has gone away, is no reason to crash.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {})

// fastify-cli listens for signals once the application has started; until then there is nothing to finish.
const leave = () => process.exit(0)
process.once('SIGTERM', leave).once('SIGINT', leave).once('SIGHUP', leave)

try {
  readEnvFile()
  const { HOST, PORT, LOG_LEVEL } = readConfig()
  const app = fileURLToPath(new URL('app.js', import.meta.url))
  if (process.stdout.isTTY) await logToTerminal()
  // Not sooner: it reads .env by itself, and passes over a file that it cannot read.
  const { default: cli } = await import('fastify-cli/start.js')
  await cli.start(['-a', HOST, '-p', `${PORT}`, '-l', LOG_LEVEL, '-g', `${GRACE}`, '--options', app])
  process.off('SIGTERM', leave).off('SIGINT', leave).off('SIGHUP', leave)
  ignoreCopies(process, endInTime, cutShort)
} catch (error) {
  process.stderr.write(`latchkey cannot start. ${(error as Error).message}\n`)
  process.exit(1)
}
