import http from 'node:http'
import { sentTo } from '@latchkey/contract/suite/client'
import fc from 'fast-check'
import { requests } from '../test/fuzz/requests.ts'
import { Run } from '../test/fuzz/run.ts'

/**
 * A hundred thousand requests made from the OpenAPI document that the service itself gives, each answer held against it
 * and against the contract: the same requests as in test/fuzz.test.ts, over HTTP and side by side.
 *
 *   LIMITS=off BCRYPT_COST=10 ACCESS_TOKEN_TTL=60 INTROSPECTION_KEY=… METRICS_KEY=… APP_URL=https://app.example \
 *     SMTP_URL=smtp://127.0.0.1:1 MAIL_FROM=no-reply@example.com npm start
 *   INTROSPECTION_KEY=… METRICS_KEY=… node --import tsx bench/fuzz.ts http://127.0.0.1:3000 [requests] [seed]
 *
 * With an APP_URL and a mail server, since pages for a browser and /dev/mail are not of the API. The same seed makes the
 * same requests. Interrupted, it ends with what it has. It ends with 1 where an answer was not as it should be.
 */
const [url = 'http://127.0.0.1:3000', count = '100000', seed = `${Date.now() % 1e9}`] = process.argv.slice(2)
const { INTROSPECTION_KEY: introspection, METRICS_KEY: metrics } = process.env
/** Fewer than the queue for hashing takes, so that a 503 is a fault. */
const AT_ONCE = 32
const BATCH = 1000
const COSTLY = 2
const SHOWN = 20

if (!introspection || !metrics) throw new Error('set INTROSPECTION_KEY and METRICS_KEY to those of the service')
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })
const run = await Run.of(sentTo(url, agent), { introspection, metrics })
const made = requests(run.document, COSTLY)

let faults = 0
let sent = 0
let interrupted = false
process.once('SIGINT', () => {
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

print(run.coverage.table())
for (const answer of run.coverage.missing(run.document)) print(`never seen: ${answer}`)
print(
  `${sent} requests of seed ${seed} in ${seconds.toFixed(0)} s, ${(sent / seconds).toFixed(0)} a second: ${faults} faults`
)
if (faults > 0) process.exitCode = 1

/** One client: takes the next request as soon as the last is answered. */
async function work(batch: Iterable<Parameters<typeof run.ask>[0]>): Promise<void> {
  for (const request of batch) await run.ask(request).catch(report)
}

function report({ message }: Error): void {
  faults += 1
  if (faults <= SHOWN) print(message)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
