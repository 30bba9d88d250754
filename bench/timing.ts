/**
 * Measures whether response times reveal that a name has an account. Sends each request for names with and without an
 * account, of equal length and in alternation, to a service of its own with HIDE_ACCOUNTS: response times of plain
 * requests and of the most expensive ones, also where they are refused, and the arrival times of the observer's own
 * mails at a real mail server. Prints Cliff's delta of each pair of samples: the probability that a value of the first
 * is greater than one of the second, minus the probability that it is less. Exits with 1 if one is above 0.2.
 *
 *   npm run build && node --import tsx bench/timing.ts [--database URL] [accepted] [limited] [overloaded] [arrivals]
 *
 * Uses embedded databases or, with --database, databases that it creates and drops on a PostgreSQL server. All four
 * parts take about eight minutes on two idle cores.
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
