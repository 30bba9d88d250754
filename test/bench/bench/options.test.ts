import { test } from 'tap'
import { amounts, benchCommand, type Options } from '../../../bench/bench/options.ts'

function parse(...words: string[]): Options {
  const said: string[] = []
  const command = benchCommand().exitOverride()
  command.configureOutput({ writeErr: (text) => said.push(text) })
  try {
    return command.parse(words, { from: 'user' }).opts()
  } catch {
    throw new Error(`${said[0]?.trim()}`)
  }
}

test('how much is measured, in full and quickly', (t) => {
  t.strictSame(amounts(parse()), {
    settings: { rounds: 7, seconds: 4, connections: 50, clients: 16, storm: 32, cost: 12 },
    retries: 1,
    grown: { clients: [1, 2, 4, 8, 16, 32, 64], accounts: [1000, 100_000, 1_000_000] }
  })
  t.strictSame(amounts(parse('--quick')), {
    settings: { rounds: 3, seconds: 1, connections: 50, clients: 4, storm: 8, cost: 12 },
    retries: 1,
    grown: { clients: [1, 8, 64], accounts: [1000, 10_000] }
  })
  const words = '--rounds 2 --seconds 0.5 --cost 10 --retries 0 --clients 8,1,8 --accounts'.split(' ')
  t.strictSame(amounts(parse('--quick', ...words, '500, 20')), {
    settings: { rounds: 2, seconds: 0.5, connections: 50, clients: 4, storm: 8, cost: 10 },
    retries: 0,
    grown: { clients: [1, 8], accounts: [20, 500] }
  })
  t.end()
})

test('what is no amount is refused', (t) => {
  const rows: [string, string, string][] = [
    ['--rounds', '0', "option '--rounds <number>' argument '0' is invalid. It must be a whole number from 1 to 100."],
    ['--seconds', 'x', "option '--seconds <number>' argument 'x' is invalid. It must be a number from 0.05 to 600."],
    ['--seconds', '0', "option '--seconds <number>' argument '0' is invalid. It must be a number from 0.05 to 600."],
    [
      '--seconds',
      '601',
      "option '--seconds <number>' argument '601' is invalid. It must be a number from 0.05 to 600."
    ],
    [
      '--clients',
      '1,,2',
      "option '--clients <numbers>' argument '1,,2' is invalid. It must be a whole number from 1 to 1000."
    ],
    [
      '--accounts',
      '1k',
      "option '--accounts <numbers>' argument '1k' is invalid. It must be a whole number from 1 to 10000000."
    ],
    ['--retries', '11', "option '--retries <number>' argument '11' is invalid. It must be a whole number from 0 to 10."]
  ]
  for (const [option, value, message] of rows) t.throws(() => parse(option, value), { message: `error: ${message}` })
  t.end()
})

test('an earlier result is not measured', (t) => {
  const rows: [string[], string][] = [
    [['--quick'], "option '--from <file>' cannot be used with option '--quick'"],
    [['--retries', '0'], "option '--from <file>' cannot be used with option '--retries <number>'"],
    [['--save'], "option '--from <file>' cannot be used with option '--save'"],
    [['--rounds', '1'], "option '--from <file>' cannot be used with option '--rounds <number>'"]
  ]
  for (const [words, message] of rows) {
    t.throws(() => parse('--from', 'x.json', ...words), { message: `error: ${message}` })
  }
  t.end()
})
