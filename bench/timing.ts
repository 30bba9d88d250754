/**
 * Can a stranger tell by time whether a name is known? Requests with a known and with an unknown name, in turn, one at
 * a time, and how far the two samples are apart: medians, and Cliff's delta, the chance that one of the first takes longer
 * than one of the second less the chance that it does not (0 where they cannot be told apart, 1 where they always can).
 *
 *   node --import tsx bench/timing.ts http://127.0.0.1:3000 [pairs] [login|forgot|register]
 *
 * login: wrong logins; the service has LIMITS=off; then, started with LIMITS=on, the same for what it refuses after ten
 * attempts. forgot: asking for another password. register: registering with HIDE_ACCOUNTS=on, where the known address is
 * that of a name that KNOWN_EMAIL has, made by `latchkey users create` before. These two want a service that sends mail,
 * and LIMITS=off.
 */
const [url = 'http://127.0.0.1:3000', pairs = '300', what = 'login'] = process.argv.slice(2)
const PASSWORD = 'correct horse battery staple'
/** Below this a difference counts as negligible (Romano et al. 2006). */
const NEGLIGIBLE = 0.147

const known = `known.${Date.now().toString(36)}`
const unknown = known.replace('known', 'nobody')
const address = process.env.KNOWN_EMAIL ?? `${known}@example.com`
const addresses = { known: address, unknown: address.replace(/^[^@]*/, unknown) }

const ways: Record<string, { prepare?: () => Promise<unknown>; ask: (kind: 'known' | 'unknown') => Promise<number> }> =
  {
    login: {
      prepare: () => post('/register', { username: known, password: PASSWORD }),
      ask: (kind) => post('/login', { username: kind === 'known' ? known : unknown, password: 'wrong' })
    },
    forgot: {
      ...(process.env.KNOWN_EMAIL === undefined && {
        prepare: () => post('/register', { email: addresses.known, password: PASSWORD })
      }),
      ask: (kind) => post('/password/forgot', { email: addresses[kind] })
    },
    register: { ask: (kind) => post('/register', { email: addresses[kind] }) }
  }
const way = ways[what]
if (!way) throw new Error(`${what} is none of ${Object.keys(ways).join(', ')}`)
await way.prepare?.()

const times = { known: [] as number[], unknown: [] as number[] }
const statuses = new Set<number>()
for (let pair = 0; pair < Number(pairs); pair += 1) {
  // In changing order, so that what comes second has no advantage.
  for (const kind of pair % 2 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) {
    const start = performance.now()
    const status = await way.ask(kind)
    times[kind].push(performance.now() - start)
    statuses.add(status)
  }
}

const delta = cliffsDelta(times.known, times.unknown)
const verdict = Math.abs(delta) < NEGLIGIBLE ? 'cannot be told apart' : 'CAN BE TOLD APART'
process.stdout.write(
  `${what}: ${pairs} pairs, answered with ${[...statuses].join(' and ')}: known ${median(times.known)} ms, unknown ${median(times.unknown)} ms, ` +
    `Cliff's delta ${delta.toFixed(3)}: ${verdict}\n`
)
if (verdict === 'CAN BE TOLD APART') process.exitCode = 1

async function post(path: string, payload: unknown): Promise<number> {
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload)
  })
  await response.text()
  return response.status
}

function median(values: number[]): string {
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[Math.floor(sorted.length / 2)] as number).toFixed(2)
}

function cliffsDelta(ones: number[], others: number[]): number {
  let balance = 0
  for (const one of ones) for (const other of others) balance += Math.sign(one - other)
  return balance / (ones.length * others.length)
}
