import type { Issuer } from '../../test/helpers/issuer.ts'
import { check, frequencies } from '../shared/report.ts'
import { Person, SIGNED_IN } from './person.ts'

const PEOPLE = 10

/**
 * Signs people in whose way begins at one instance and ends at another.
 *
 * @param at the address for the next request
 */
export async function trySeveral(issuer: Issuer, at: () => string): Promise<void> {
  const outcomes: string[] = []
  for (const round of ['first', 'again']) {
    for (let index = 0; index < PEOPLE; index += 1) {
      const person = new Person(issuer, `several-${index}`)
      const seen = await person.follow(at(), await person.begin(at()))
      outcomes.push(seen === SIGNED_IN ? (await person.account(at())).slice(37) : `${round}: ${seen}`)
    }
  }
  const isRight = outcomes.every((text, index) => text === `several-${index % PEOPLE}@example.com 1`)
  check(isRight, `${PEOPLE} people sign up and in, each to one account`, isRight ? '' : frequencies(outcomes))

  const races: string[] = []
  for (let index = 0; index < PEOPLE; index += 1) {
    const tabs = Array.from({ length: 6 }, () => new Person(issuer, `race-${index}`))
    const answers = await Promise.all(tabs.map((tab) => tab.begin(at())))
    const seen = await Promise.all(tabs.map((tab, turn) => tab.follow(at(), String(answers[turn]))))
    const accounts = await Promise.all(tabs.map((tab) => tab.account(at())))
    races.push(`${frequencies(seen)}; accounts: ${new Set(accounts).size}; ${String(accounts[0]).split(' ')[2]}`)
  }
  check(
    races.every((race) => race === `6 × ${SIGNED_IN}; accounts: 1; 1`),
    'six browsers of one new person at once: all are signed in, to one account with one identity',
    frequencies(races)
  )

  const replays: string[] = []
  for (let index = 0; index < PEOPLE; index += 1) {
    const person = new Person(issuer, `replay-${index}`)
    const answer = await person.begin(at())
    const copies = [person, person.clone(), person.clone()]
    replays.push((await Promise.all(copies.map((copy) => copy.follow(at(), answer)))).sort().join(', '))
  }
  check(
    replays.every((each) => each === `${SIGNED_IN}, 400, 400`),
    'one answer three times at once signs in once',
    frequencies(replays)
  )
}
