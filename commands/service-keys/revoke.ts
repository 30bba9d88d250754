import { OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import { findServiceKeyId, KEY_ARGUMENT, revokeServiceKey } from '../../src/admin/service-keys.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'

const revoke: DefineCommand = (command, { open, answer }) => {
  command
    .description('revoke a key immediately and permanently')
    .argument('<key>', KEY_ARGUMENT)
    .action(async (key: string) => {
      const fastify = await open()
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const id = await findServiceKeyId(database, key)
      const revoked = await revokeServiceKey(database, id)
      if (!revoked) throw new Error('There is no such key, or it is revoked already.')
      fastify.audit.record('operator', 'service key revoked', { detail: { key: id } })
      answer(revoked, `Revoked ${revoked.name}: every instance refuses it from now on`)
    })
}

export default revoke
