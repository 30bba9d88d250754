import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { atExit } from '@latchkey/compare/measure/at-exit'
import { Cluster } from '../shared/cluster.ts'
import { check, frequencies, milliseconds, note, title } from '../shared/report.ts'
import { Service } from '../shared/service.ts'
import { Person, SIGNED_IN, UNNAMED } from './person.ts'
import { startIssuer } from './providers.ts'

/** The number of new people whose answers are in flight at a kill. */
const AT_ONCE = 8

const KILLS = 5

/** `kill -9` between the redirect and the answer, and while answers are in flight, on both databases. */
export async function killed(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-killed-'))
  atExit(() => rmSync(folder, { recursive: true, force: true }))
  await tryOn('the embedded database', { environment: { DATA_DIR: join(folder, 'data') } })
  const cluster = await Cluster.create()
  await tryOn('PostgreSQL', { databaseUrl: cluster.url() })
  cluster.kill()
}

async function tryOn(name: string, options: { databaseUrl?: string; environment?: Record<string, string> }) {
  title(`kill -9, on ${name}`)
  const { issuer, environment } = await startIssuer()
  const all = { ...options, environment: { ...environment, ...options.environment } }
  let service = await Service.start(all)
  const { base } = service
  const port = Number(new URL(base).port)

  async function restart(): Promise<void> {
    await service.stop('SIGKILL')
    service = await Service.start({ ...all, port })
  }

  const [ada, lin] = [new Person(issuer, 'ada'), new Person(issuer, 'lin')]
  const answers = [await ada.begin(base), await lin.begin(base, 'untrusted')] as const
  await restart()
  const seen = [await ada.follow(base, answers[0]), await lin.follow(base, answers[1])]
  await restart()
  seen.push(await lin.submit(base, '/pages/register/provider', { username: 'lin' }))
  const accounts = (await Promise.all([ada, lin].map((each) => each.account(base)))).map((text) => text.slice(37))
  const expected = `${[SIGNED_IN, UNNAMED, SIGNED_IN].join(', ')}; ada@example.com 1, lin 1`
  const found = `${seen.join(', ')}; ${accounts.join(', ')}`
  check(found === expected, 'the next process takes the answer of the provider, and the name of a new account', found)

  await inFlight()
  const { code } = await service.stop()
  check(code === 0, 'it stops', `exit ${code}`)

  /** Kills the service while it makes accounts: each is made completely or not at all. */
  async function inFlight(): Promise<void> {
    const people = (round: number | string) =>
      Promise.all(
        Array.from({ length: AT_ONCE }, async (_, index) => {
          const person = new Person(issuer, `new-${round}-${index}`)
          return { person, answer: await person.begin(base) }
        })
      )
    const warm = await people('warm')
    const began = performance.now()
    await Promise.all(warm.map(({ person, answer }) => person.follow(base, answer)))
    const usual = performance.now() - began
    const results: string[] = []
    const wrong: string[] = []
    for (let round = 0; round < KILLS; round += 1) {
      const waiting = await people(round)
      const followed = waiting.map(({ person, answer }) => person.follow(base, answer))
      await pause(((round + 0.5) / KILLS) * usual)
      await restart()
      for (const [index, { person }] of waiting.entries()) {
        const first = String(await followed[index])
        const again = await person.follow(base, await person.begin(base))
        const account = (await person.account(base)).slice(37)
        results.push(first.startsWith('no answer') ? 'no answer' : first)
        if (again !== SIGNED_IN || account !== `${person.visitor.email} 1`) wrong.push(`${first}; ${again}; ${account}`)
      }
    }
    note(`${frequencies(results)}; ${AT_ONCE} at once usually take ${milliseconds(usual)}`)
    check(
      wrong.length === 0,
      `of ${results.length} new people at ${KILLS} kills, each signs in again, to one account with one identity`,
      frequencies(wrong)
    )
  }
}
