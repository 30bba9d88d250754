/**
 * 200 refreshes of one token at once over several instances, again and again: each time all of them must be given one
 * and the same successor, which the next round uses.
 *
 *   node --import tsx bench/races.ts http://127.0.0.1:3001 http://127.0.0.1:3002
 *
 * The instances share a database, and have LIMITS=off.
 */
const ROUNDS = 50
const AT_ONCE = 200
const PASSWORD = 'correct horse battery staple'

const instances = process.argv.slice(2)
if (instances.length === 0) throw new Error('name the instances by their URLs')

const username = `racer.${Date.now().toString(36)}`
await post(0, '/register', { username, password: PASSWORD })
const login = await post(0, '/login', { username, password: PASSWORD })
let token: string = login.body.refresh_token

const start = performance.now()
for (let round = 1; round <= ROUNDS; round += 1) {
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => post(index, '/token/refresh', { refresh_token: token }))
  )
  const outcomes = new Set(answers.map(({ status, body }) => `${status} ${body.refresh_token ?? body.code}`))
  if (outcomes.size !== 1 || answers[0]?.status !== 200) throw new Error(`round ${round}: ${[...outcomes].join(', ')}`)
  token = answers[0].body.refresh_token
}
const seconds = ((performance.now() - start) / 1000).toFixed(1)
process.stdout.write(
  `${ROUNDS} rounds of ${AT_ONCE} over ${instances.length} instances in ${seconds} s: one successor each time\n`
)

async function post(index: number, path: string, payload: unknown) {
  const response = await fetch(new URL(path, instances[index % instances.length]), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload)
  })
  return { status: response.status, body: (await response.json()) as { refresh_token: string; code?: string } }
}
