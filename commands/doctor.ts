import bcrypt from 'bcrypt'
import type { DefineCommand } from '../src/cli/command-line.ts'
import type { Config, ConfigurationError } from '../src/config/config.ts'
import { judgeCost, judgeMail, judgeNetwork, judgeSecrets, judgeSwitches, median } from '../src/doctor/checks.ts'
import type { Finding } from '../src/doctor/finding.ts'
import { examineDatabase, examineFiles } from '../src/doctor/inspect.ts'

const MARKS = { good: 'ok     ', warning: 'warning', bad: 'BAD    ' }

const doctor: DefineCommand = (command, { config, answer }) => {
  command
    .description('look for what is wrong with an installation, and say how to mend it')
    .addHelpText('after', '\nIt changes nothing, and ends with 1 when something is bad.')
    .action(async () => {
      const findings = await examine(config)
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

/** What one hash takes of a core, in milliseconds: what else the machine is busy with takes no part in it. */
function timeHash(cost: number): number {
  return median(
    Array.from({ length: 5 }, () => {
      const start = process.cpuUsage()
      bcrypt.hashSync('how long does it take', cost)
      return process.cpuUsage(start).user / 1000
    })
  )
}

export default doctor
