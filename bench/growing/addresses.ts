import { ask, PASSWORD } from '@latchkey/compare/measure/client'
import type { Cluster } from '../shared/cluster.ts'
import { check, frequencies, title } from '../shared/report.ts'
import { Fleet } from './fleet.ts'

/** The refreshes allowed to one address in five minutes, from docs/limits.md. */
const LIMIT = 300

/** Checks that clients behind HAProxy are counted by their real address, whatever X-Forwarded-For they send. */
export async function addresses(cluster: Cluster): Promise<void> {
  title('Addresses of clients behind HAProxy')
  const fleet = await Fleet.of(2, cluster, { TRUSTED_PROXIES: '127.0.0.1/32', LIMITS: 'on' })
  const { base } = fleet
  const forged = (turn: number) => ({ 'x-forwarded-for': `203.0.113.${turn % 256}` })

  const names = { username: 'honest', password: PASSWORD }
  const [from, headers] = ['127.0.0.2', forged(7)]
  await ask(base, 'POST', '/register', { payload: names, from, headers })
  const { body } = await ask(base, 'POST', '/login', { payload: names, from, headers })
  const { body: list } = await ask(base, 'GET', '/sessions', { token: body.access_token, from, headers })
  const [session] = (list as unknown as { sessions?: { ip: string }[] }).sessions ?? []
  check(session?.ip === from, 'a session has the address of its client, not the one that it claims', session?.ip)

  const guess = (turn: number, from: string) =>
    ask(base, 'POST', '/token/refresh', { payload: { refresh_token: 'made up' }, from, headers: forged(turn) })
  const statuses: number[] = []
  for (let turn = 0; turn < LIMIT + 10; turn += 1) statuses.push((await guess(turn, '127.0.0.2')).status)
  check(
    statuses.every((status, turn) => status === (turn < LIMIT ? 401 : 429)),
    'one that claims another address with each request is limited as one, over both instances',
    frequencies(statuses.map(String))
  )
  const { status } = await guess(0, '127.0.0.3')
  check(status === 401, 'and another client is not', `${status}`)

  for (const path of ['/metrics', '/%6Detrics', '/metrics?']) {
    const { status, code } = await ask(base, 'GET', path)
    check(status === 404, `GET ${path} is for operators`, `${status} ${code}`)
  }
  await fleet.stopAll()
}
