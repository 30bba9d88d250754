import bcrypt from 'bcrypt'
import type { DefineCommand } from '../src/command-line.ts'
import { type Config, type ConfigurationError, readConfig } from '../src/config.ts'
import { examineDatabase, examineFiles } from '../src/examination.ts'
import { type Finding, judgeCost, judgeMail, judgeNetwork, judgeSecrets, judgeSwitches } from '../src/findings.ts'

const MARKS = { good: 'ok     ', warning: 'warning', bad: 'BAD    ' }

const doctor: DefineCommand = (command, { terminal, given, answer }) => {
  command
    .description('look for what is wrong with an installation, and say how to mend it')
    .addHelpText('after', '\nIt changes nothing, and ends with 1 when something is bad.')
    .action(async () => {
      const findings = await examine(() => given.config ?? readConfig(terminal.environment))
      const text = findings.map(({ about, state, message, mend }) =>
        [`${MARKS[state]}  ${about}: ${message}`, ...(mend ? [`         ${mend}`] : [])].join('\n')
      )
      answer({ findings }, text.join('\n'), findings.some(({ state }) => state === 'bad') ? 1 : 0)
    })
}

async function examine(read: () => Config): Promise<Finding[]> {
  let config: Config
  try {
    config = read()
  } catch (error) {
    return (error as ConfigurationError).faults.map((fault) => ({
      about: 'configuration',
      state: 'bad',
      message: fault
    }))
  }
  return [
    { about: 'configuration', state: 'good', message: 'every value fits' },
    ...judgeSecrets(config),
    ...judgeNetwork(config),
    ...judgeMail(config),
    ...judgeSwitches(config),
    ...(await examineDatabase(config)),
    ...examineFiles(['.env']),
    judgeCost(timeHash(config.BCRYPT_COST), config)
  ]
}

/** What one hash takes, in milliseconds: the best of three, since the machine may have been busy. */
function timeHash(cost: number): number {
  const times = Array.from({ length: 3 }, () => {
    const start = performance.now()
    bcrypt.hashSync('how long does it take', cost)
    return performance.now() - start
  })
  return Math.min(...times)
}

export default doctor
