import { fileURLToPath } from 'node:url'
import { options } from './app.ts'
import { readConfig } from './config.ts'
import { keepFilesPrivate } from './data-folder.ts'
import { readEnvFile } from './environment.ts'
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

keepFilesPrivate()

// fastify-cli listens for signals once the application has started; until then there is nothing to finish.
const leave = () => process.exit(0)
process.once('SIGTERM', leave).once('SIGINT', leave)

try {
  readEnvFile()
  const { HOST, PORT, LOG_LEVEL } = readConfig()
  const app = fileURLToPath(new URL('app.js', import.meta.url))
  // For a person to read; everything else gets JSON. fastify-cli brings pino-pretty along.
  const transport = { target: 'pino-pretty', options: { singleLine: true, ignore: 'pid,hostname,reqId' } }
  if (process.stdout.isTTY) Object.assign(options.logger, { transport })
  // Not sooner: it reads .env by itself, and passes over a file that it cannot read.
  const { default: cli } = await import('fastify-cli/start.js')
  await cli.start(['-a', HOST, '-p', `${PORT}`, '-l', LOG_LEVEL, '-g', `${GRACE}`, '--options', app])
  process.off('SIGTERM', leave).off('SIGINT', leave)
  ignoreCopies(process, endInTime, cutShort)
} catch (error) {
  process.stderr.write(`latchkey cannot start. ${(error as Error).message}\n`)
  process.exit(1)
}
