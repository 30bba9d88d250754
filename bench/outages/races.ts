import { ask, PASSWORD } from '@latchkey/compare/measure/client'
import { frequencies } from '@latchkey/compare/report/frequencies'
import { check, milliseconds } from '../shared/report.ts'

const ROUNDS = 50
const AT_ONCE = 200

/**
 * Sends 200 concurrent refreshes of one token to several instances, repeatedly. All must get the same successor,
 * which the next round uses.
 */
export async function raceRefreshes(bases: string[]): Promise<void> {
  const post = (index: number, path: string, payload: unknown) =>
    ask(bases[index % bases.length] as string, 'POST', path, { payload })
  const names = { username: `racer.${Date.now().toString(36)}`, password: PASSWORD }
  await post(0, '/register', names)
  let token = (await post(0, '/login', names)).body.refresh_token
  const start = performance.now()
  for (let round = 1; round <= ROUNDS; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => post(index, '/token/refresh', { refresh_token: token }))
    )
    const [first] = answers
    const isOne = answers.every(
      ({ status, body }) => status === 200 && body.refresh_token === first?.body.refresh_token
    )
    if (!isOne) {
      const seen = frequencies(answers.map(({ status, code }) => `${status} ${code ?? ''}`.trim()))
      check(false, `${AT_ONCE} refreshes of one token at once have one successor`, `round ${round}: ${seen}`)
      return
    }
    token = first?.body.refresh_token
  }
  const seen = `${ROUNDS} rounds over ${bases.length} instances in ${milliseconds(performance.now() - start)}`
  check(true, `${AT_ONCE} refreshes of one token at once have one successor`, seen)
}
