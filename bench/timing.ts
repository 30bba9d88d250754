/**
 * Can a stranger tell by time whether a name has an account? Each way to ask is tried with names that have one and with
 * names that have none, of one length, in turns, at a service of its own that hides its accounts: how long the answers
 * take, with plain requests and with the most costly that there are, also where they are refused; and when mails to
 * oneself arrive, at a real mail server. Of each pair of samples it prints Cliff's delta, the chance that a value of the
 * first is greater than one of the second less the chance that it is less, and it ends with 1 where one is above 0.2.
 *
 *   npm run build && node --import tsx bench/timing.ts [--database URL] [accepted] [limited] [overloaded] [arrivals]
 *
 * The accounts are in embedded databases, or in databases that it makes and drops on a PostgreSQL server. All four parts
 * take some eight minutes on two cores that have nothing else to do.
 */
import { parseArgs } from 'node:util'
import { openServer } from './shared/databases.ts'
import { runParts } from './shared/report.ts'
import { accepted, limited, overloaded } from './timing/answers.ts'
import { arrivals } from './timing/mails.ts'

const { values, positionals } = parseArgs({ options: { database: { type: 'string' } }, allowPositionals: true })
const server = values.database === undefined ? undefined : await openServer(values.database)
let databases = 0

async function createDatabase(): Promise<string | undefined> {
  databases += 1
  return server?.create(`timing_${databases}`)
}

await runParts(
  {
    accepted: () => accepted(createDatabase),
    limited: () => limited(createDatabase),
    overloaded: () => overloaded(createDatabase),
    arrivals: () => arrivals(createDatabase)
  },
  positionals
)
