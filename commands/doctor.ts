import type { DefineCommand } from '../src/cli/command-line.ts'
import { inspect } from '../src/doctor/inspect.ts'

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

export default doctor
