import { OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import { revokeServiceKey } from '../../src/admin/service-keys.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'

const revoke: DefineCommand = (command, { open, answer }) => {
  command
    .description('revoke a key immediately and permanently')
    .argument('<id>', 'its id: service-keys list')
    .action(async (id: string) => {
      const { audit, database } = await open()
      const revoked = await revokeServiceKey(database.open(OPERATOR_TIMEOUT), id)
      if (!revoked) throw new Error('There is no such key, or it is revoked already.')
      audit.record('operator', 'service key revoked', { detail: { key: id } })
      answer(revoked, `Revoked ${revoked.name}: every instance refuses it from now on`)
    })
}

export default revoke
