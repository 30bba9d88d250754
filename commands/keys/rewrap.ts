import type { DefineCommand } from '../../src/cli/command-line.ts'
import { countOf } from '../../src/plural.ts'

const rewrap: DefineCommand = (command, { open, answer }) => {
  command
    .description('encrypt the signing keys and the root secret with the new SECRET_KEY, once all instances have it')
    .action(async () => {
      const fastify = await open()
      const keys = await fastify.keys.rewrap()
      fastify.audit.record('operator', 'keys rewrapped', { detail: { count: keys } })
      answer(
        { signing_keys: keys },
        `Encrypted ${countOf(keys, 'signing key')} and the root secret with SECRET_KEY. SECRET_KEY_PREVIOUS is no longer needed.`
      )
    })
}

export default rewrap
