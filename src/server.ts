import { fileURLToPath } from 'node:url'
import cli from 'fastify-cli/start.js'
import { readConfig } from './config.ts'

/** How long a stop may take, in milliseconds: what is in flight is finished meanwhile. */
const GRACE = 10_000

try {
  const { HOST, PORT, LOG_LEVEL } = readConfig()
  const app = fileURLToPath(new URL('app.js', import.meta.url))
  await cli.start(['-a', HOST, '-p', `${PORT}`, '-l', LOG_LEVEL, '-g', `${GRACE}`, '--options', app])
} catch (error) {
  process.stderr.write(`latchkey cannot start. ${(error as Error).message}\n`)
  process.exit(1)
}
