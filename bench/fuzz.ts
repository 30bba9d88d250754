/**
 * Sends a hundred thousand requests that are generated from the service's own OpenAPI document, and checks each answer
 * against that document and the contract: the requests of test/fuzz.test.ts, over HTTP and concurrently.
 *
 *   npm run build && node --import tsx bench/fuzz.ts [requests] [seed]
 *
 * The same seed generates the same requests. After an interrupt it reports the requests so far. Exits with 1 if an
 * answer violates the document or the contract.
 */
import http from 'node:http'
import { sentTo } from '@latchkey/contract/suite/client'
import fc from 'fast-check'
import { requests } from '../test/fuzz/requests.ts'
import { Run } from '../test/fuzz/run.ts'
import { check, finish, note } from './shared/report.ts'
import { Service } from './shared/service.ts'

const [count = '100000', seed = `${Date.now() % 1e9}`] = process.argv.slice(2)
const [introspection, metrics] = ['i', 'm'].map((letter) => letter.repeat(32)) as [string, string]
/** Below the length of the queue of hashes, so that a 503 is a failure. */
const AT_ONCE = 32
const BATCH = 1000
const COSTLY = 2
const SHOWN = 20

// With APP_URL and a mail server, since /pages and /dev/mail are not part of the API.
const service = await Service.start({
  environment: {
    ACCESS_TOKEN_TTL: '60',
    INTROSPECTION_KEY: introspection,
    METRICS_KEY: metrics,
    APP_URL: 'https://app.example',
    SMTP_URL: 'smtp://127.0.0.1:1',
    MAIL_FROM: 'no-reply@example.com'
  }
})
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })
const run = await Run.of(sentTo(service.base, agent), { introspection, metrics })
const made = requests(run.document, COSTLY)

let faults = 0
let sent = 0
let interrupted = false
// The interrupt would otherwise end the program at once.
process.removeAllListeners('SIGINT').once('SIGINT', () => {
  interrupted = true
})
const start = performance.now()
while (sent < Number(count) && !interrupted) {
  const numRuns = Math.min(BATCH, Number(count) - sent)
  const batch = fc.sample(made, { seed: Number(seed) + sent, numRuns }).values()
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(batch)))
  sent += numRuns
}
const seconds = (performance.now() - start) / 1000
agent.destroy()

note(run.coverage.table())
for (const answer of run.coverage.missing(run.document)) note(`never seen: ${answer}`)
const rate = `${sent} requests of seed ${seed} in ${seconds.toFixed(0)} s, ${(sent / seconds).toFixed(0)} a second`
check(faults === 0, 'every answer keeps the document and the contract', `${rate}; ${faults} faults`)
finish()

/** One client: sends the next request as soon as the last is answered. */
async function work(batch: Iterable<Parameters<typeof run.ask>[0]>): Promise<void> {
  for (const request of batch) await run.ask(request).catch(report)
}

function report({ message }: Error): void {
  faults += 1
  if (faults <= SHOWN) note(message)
}
