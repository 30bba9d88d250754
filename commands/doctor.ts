import bcrypt from 'bcrypt'
import type { DefineCommand } from '../src/cli/command-line.ts'
import type { Config, ConfigurationError } from '../src/config/config.ts'
import { checkCost, checkMail, checkNetwork, checkSecrets, checkSwitches, median } from '../src/doctor/checks.ts'
import type { Finding } from '../src/doctor/finding.ts'
import { inspectDatabase, inspectFiles } from '../src/doctor/inspect.ts'
import { checkPasskeys } from '../src/doctor/passkey-checks.ts'

const MARKS = { good: 'ok     ', warning: 'warning', bad: 'BAD    ' }

const doctor: DefineCommand = (command, { config, answer }) => {
  command
    .description('check an installation, and say how to fix problems')
    .addHelpText('after', '\nChanges nothing. The exit code is 1 if a finding is BAD.')
    .action(async () => {
      const findings = await inspect(config)
      const text = findings.map(({ about, state, message, fix }) =>
        [`${MARKS[state]}  ${about}: ${message}`, ...(fix ? [`         ${fix}`] : [])].join('\n')
      )
      answer({ findings }, text.join('\n'), findings.some(({ state }) => state === 'bad') ? 1 : 0)
    })
}

async function inspect(read: () => Config): Promise<Finding[]> {
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
    { about: 'configuration', state: 'good', message: 'valid' },
    ...checkSecrets(config),
    ...checkNetwork(config),
    ...checkPasskeys(config),
    ...checkMail(config),
    ...checkSwitches(config),
    ...(await inspectDatabase(config)),
    ...inspectFiles(['.env']),
    checkCost(timeHash(config.BCRYPT_COST), config)
  ]
}

/** Measures the CPU time of one hash, in milliseconds, which does not depend on the load of the machine. */
function timeHash(cost: number): number {
  return median(
    Array.from({ length: 5 }, () => {
      const start = process.cpuUsage()
      bcrypt.hashSync('a password to measure', cost)
      return process.cpuUsage(start).user / 1000
    })
  )
}

export default doctor
