import { fileURLToPath } from 'node:url'
import cli from 'fastify-cli/start.js'
import { readConfig, readEnvFile } from './config.ts'
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

// fastify-cli listens for signals once the application has started; until then there is nothing to finish.
const leave = () => process.exit(0)
process.once('SIGTERM', leave).once('SIGINT', leave)

try {
  readEnvFile()
  const { HOST, PORT, LOG_LEVEL } = readConfig()
  const app = fileURLToPath(new URL('app.js', import.meta.url))
  await cli.start(['-a', HOST, '-p', `${PORT}`, '-l', LOG_LEVEL, '-g', `${GRACE}`, '--options', app])
  process.off('SIGTERM', leave).off('SIGINT', leave)
  ignoreCopies(process, endInTime, cutShort)
} catch (error) {
  process.stderr.write(`latchkey cannot start. ${(error as Error).message}\n`)
  process.exit(1)
}
