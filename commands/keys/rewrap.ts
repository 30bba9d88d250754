import type { DefineCommand } from '../../src/cli/command-line.ts'

const rewrap: DefineCommand = (command, { open, answer }) => {
  command
    .description(
      'encrypt the signing keys and the root secret anew with SECRET_KEY, once every instance has the new one'
    )
    .action(async () => {
      const fastify = await open()
      const keys = await fastify.keys.rewrap()
      fastify.audit.record('operator', 'keys rewrapped', { detail: { count: keys } })
      const what = keys === 1 ? '1 signing key' : `${keys} signing keys`
      answer(
        { signing_keys: keys },
        `Encrypted ${what} and the root secret with SECRET_KEY. SECRET_KEY_PREVIOUS is needed no more.`
      )
    })
}

export default rewrap
