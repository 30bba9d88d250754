import type { DefineCommand } from '../src/cli/command-line.ts'

const start: DefineCommand = (command, { server }) => {
  command
    .description('run the service until a signal stops it')
    .addHelpText('after', '\nSIGTERM finishes the requests in flight, within 10 s. The log is on standard output.')
    .action(async () => {
      await import(server)
    })
}

export default start
