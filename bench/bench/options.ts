import type { Settings } from '@latchkey/compare/measure/measures'
import { seconds } from '@latchkey/compare/seconds'
import { wholeNumber } from '@latchkey/compare/whole-number'
import { Command, Option } from 'commander'

export interface Options {
  quick?: true
  database?: string
  rounds?: number
  seconds?: number
  cost?: number
  retries: number
  clients?: number[]
  accounts?: number[]
  save?: true
  json?: string
  html?: string
  against?: string
  from?: string
}

/** The steps of the curves: numbers of clients and of accounts. */
export interface Grown {
  clients: number[]
  accounts: number[]
}

interface Amounts {
  settings: Settings
  retries: number
  grown: Grown
}

const FULL = {
  rounds: 7,
  seconds: 4,
  clients: 16,
  grown: { clients: [1, 2, 4, 8, 16, 32, 64], accounts: [1e3, 1e5, 1e6] }
}
const QUICK = { rounds: 3, seconds: 1, clients: 4, grown: { clients: [1, 8, 64], accounts: [1e3, 1e4] } }

/** Options that conflict with --from, which measures nothing. */
const OF_MEASURING = ['quick', 'database', 'rounds', 'seconds', 'cost', 'retries', 'clients', 'accounts', 'save']

export const benchCommand = () =>
  new Command('bench')
    .description(
      'Measures the service on both databases, and says what got worse since the last result: 0 nothing did, 1 something did or the service does not do what it has to, 2 it could not be measured.'
    )
    .option('--quick', 'a few minutes: fewer rounds, clients and accounts')
    .option('--database <url>', 'a server on which this may make and drop databases; without it, one of its own')
    .option('--rounds <number>', 'how often everything is measured', wholeNumber(1, 100))
    .option('--seconds <number>', 'about how long each measurement takes', seconds)
    .option('--cost <number>', 'cost of bcrypt, in the service and alone', wholeNumber(10, 15))
    .option('--retries <number>', 'how often a measurement is taken again that others disturbed', wholeNumber(0, 10), 1)
    .option('--clients <numbers>', 'how many ask at once as it grows, such as 1,8,64', wholeNumbers(1, 1000))
    .option('--accounts <numbers>', 'how many there are as it grows, such as 1000,1000000', wholeNumbers(1, 10_000_000))
    .option('--save', 'keep the result in bench/results/')
    .option('--json <file>', 'write the result there')
    .option('--html <file>', 'write a page for people there')
    .option('--against <file>', 'compare with this result in place of the last one')
    .addOption(new Option('--from <file>', 'measure nothing: tell an earlier result').conflicts(OF_MEASURING))
    .showHelpAfterError('(see --help)')

/** The amount of measurement. */
export function amounts({ quick, rounds, seconds, cost = 12, retries, clients, accounts }: Options): Amounts {
  const usual = quick ? QUICK : FULL
  return {
    settings: {
      rounds: rounds ?? usual.rounds,
      seconds: seconds ?? usual.seconds,
      connections: 50,
      clients: usual.clients,
      storm: usual.clients * 2,
      cost
    },
    retries,
    grown: { clients: clients ?? usual.grown.clients, accounts: accounts ?? usual.grown.accounts }
  }
}

/** Parses several numbers, and sorts them in ascending order. */
function wholeNumbers(least: number, most: number) {
  const one = wholeNumber(least, most)
  return (text: string) => {
    const numbers = text.split(',').map((part) => one(part.trim()))
    return [...new Set(numbers)].sort((one, other) => one - other)
  }
}
