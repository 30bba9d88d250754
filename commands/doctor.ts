import type { DefineCommand } from '../src/cli/command-line.ts'
import { describeFindings, isAnyBad } from '../src/doctor/finding.ts'
import { inspect } from '../src/doctor/inspect.ts'

const doctor: DefineCommand = (command, { config, answer }) => {
  command
    .description('check an installation, and say how to fix problems')
    .addHelpText('after', '\nChanges nothing. The exit code is 1 if a finding is BAD.')
    .action(async () => {
      const findings = await inspect(config)
      answer({ findings }, describeFindings(findings), isAnyBad(findings) ? 1 : 0)
    })
}

export default doctor
