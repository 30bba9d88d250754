/**
 * Can a stranger tell by time whether a name has an account? Each way to ask is tried with names that have one and with
 * names that have none, of one length, in turns, at a service of its own that hides its accounts: how long the answers
 * take, with plain requests and with the most costly that there are, also where they are refused; and when mails to
 * oneself arrive, at a real mail server. Of each pair of samples it prints Cliff's delta, the chance that a value of the
 * first is greater than one of the second less the chance that it is less, and it ends with 1 where one is above 0.2.
 *
 *   npm run build && node --import tsx bench/timing.ts [--server URL] [accepted] [limited] [overloaded] [arrivals]
 *
 * The accounts are in embedded databases, or in databases that it makes and drops on a PostgreSQL server. All four parts
 * take some eight minutes on two cores that have nothing else to do.
 */
import { parseArgs } from 'node:util'
import { endingWith } from '@latchkey/compare/measure/ending'
import { failed, note, title } from './shared/report.ts'
import { accepted, limited, overloaded } from './timing/answers.ts'
import { openDatabases } from './timing/databases.ts'
import { arrivals } from './timing/mails.ts'

const parts = { accepted, limited, overloaded, arrivals }

const { values, positionals } = parseArgs({ options: { server: { type: 'string' } }, allowPositionals: true })
const isPart = (name: string): name is keyof typeof parts => Object.hasOwn(parts, name)
const unknown = positionals.find((name) => !isPart(name))
if (unknown) throw new Error(`there is no part ${unknown}; there are ${Object.keys(parts).join(', ')}`)

const began = performance.now()
const databases = openDatabases(values.server)
await endingWith(async () => {
  for (const [name, part] of Object.entries(parts)) {
    if (positionals.length === 0 || positionals.includes(name)) await part(databases)
  }
}, databases.drop)
note(`in ${Math.round((performance.now() - began) / 1000)} s`)
title(failed() === 0 ? 'No two were told apart.' : `${failed()} were told apart.`)
process.exit(failed() === 0 ? 0 : 1)
