import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'
import { options } from './app.ts'
import { readConfig } from './config/config.ts'
import { keepFilesPrivate } from './config/data-folder.ts'
import { readEnvFileOf } from './config/env-file.ts'
import { ignoreCopies } from './signals.ts'

/** The maximum duration of a graceful stop, in milliseconds. Requests in flight are completed. */
const STOP_TIMEOUT = 10_000

/** Exits before fastify-cli would report a timeout: only a database that does not respond can still delay the stop. */
function exitBeforeTimeout(): void {
  setTimeout(() => process.exit(0), STOP_TIMEOUT - 500).unref()
}

function exitNow(): void {
  process.stderr.write('latchkey got a second signal and stops at once.\n')
  process.exit(1)
}

/**
 * Formats the log for people; without a terminal it is JSON. Runs in this thread: if the terminal has closed, the exit
 * would wait forever for the worker of a pino transport.
 */
async function logToTerminal(): Promise<void> {
  const { prettyFactory } = await import('pino-pretty')
  const prettify = prettyFactory({ singleLine: true, ignore: 'pid,hostname,reqId' })
  const stream = { write: (line: string) => process.stdout.write(prettify(line)) }
  Object.assign(options.logger, { stream })
}

/**
 * Node resets the terminal at exit, and crashes if it has closed; the error listeners of fastify-cli then cause an
 * endless loop of crashes. Kills the process in this case.
 */
function exitWithoutTerminal(): void {
  const terminals = [0, 1, 2].filter((each) => isatty(each))
  process.on('exit', () => {
    if (!terminals.every((each) => isatty(each))) process.kill(process.pid, 'SIGKILL')
  })
}

keepFilesPrivate()
exitWithoutTerminal()

// A closed terminal or pipe must not crash the service.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {})

// fastify-cli handles signals once the application has started. Before that, no requests are in flight.
const exit = () => process.exit(0)
process.once('SIGTERM', exit).once('SIGINT', exit).once('SIGHUP', exit)

try {
  readEnvFileOf(process.argv.slice(2))
  const config = readConfig()
  // With --env-file, the application must not read .env by itself.
  Object.assign(options, { config })
  const { HOST, PORT, LOG_LEVEL } = config
  const app = fileURLToPath(new URL('app.js', import.meta.url))
  if (process.stdout.isTTY) await logToTerminal()
  // Imported after the settings were read: fastify-cli reads .env too, and ignores a file that it cannot read.
  const { default: cli } = await import('fastify-cli/start.js')
  await cli.start(['-a', HOST, '-p', `${PORT}`, '-l', LOG_LEVEL, '-g', `${STOP_TIMEOUT}`, '--options', app])
  process.off('SIGTERM', exit).off('SIGINT', exit).off('SIGHUP', exit)
  ignoreCopies(process, exitBeforeTimeout, exitNow)
} catch (error) {
  process.stderr.write(`latchkey cannot start. ${(error as Error).message}\n`)
  process.exit(1)
}
