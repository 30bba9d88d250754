// A service that does nothing but answer as ours does, so that a test need not wait for the start of one. As a command
// it notes its words. What it does otherwise is in FAULT.
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { PORT, FAULT, IMPORTED } = process.env
const words = process.argv.slice(2)
if (IMPORTED !== undefined && words.length > 0) {
  const lines = readFileSync(`${words.at(-1)}`, 'utf8')
    .trim()
    .split('\n')
  const names = lines.map((line) => JSON.parse(line).username)
  appendFileSync(IMPORTED, `${words.slice(0, -1).join(' ')}: ${names[0]} to ${names.at(-1)}\n`)
  if (FAULT !== 'import') process.exit()
  process.stderr.write('no room\n')
  process.exit(1)
}

if (FAULT === 'start') {
  process.stderr.write('no such database\n')
  process.exit(3)
}
if (FAULT === 'stop') process.on('SIGTERM', () => process.stderr.write('busy\n'))
else process.once('SIGTERM', stop)

function stop() {
  if (IMPORTED !== undefined) appendFileSync(IMPORTED, `stopped after ${logins} logins\n`)
  process.exit(FAULT === 'end' ? 4 : 0)
}

let logins = 0

/** @type {Record<string, [status: number, body: object]>} */
const ANSWERS = {
  '/health/ready': [FAULT === 'ready' ? 503 : 200, {}],
  '/register': [FAULT === 'register' ? 500 : 201, {}],
  '/login': [200, { access_token: 'a token' }],
  '/secret': [200, {}],
  '/me': [FAULT === 'me' ? 500 : 200, {}]
}

createServer((request, response) => {
  request.resume().once('end', () => {
    if (request.url === '/login') logins += 1
    const [status, body] = ANSWERS[`${request.url}`] ?? [404, {}]
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
}).listen(Number(PORT), '127.0.0.1')
