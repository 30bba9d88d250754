import { OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import { listServiceKeys, type ServiceKey } from '../../src/admin/service-keys.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { table } from '../../src/cli/table.ts'

const list: DefineCommand = (command, { open, answer }) => {
  command.description('list the keys of services, active ones first').action(async () => {
    const { database } = await open()
    const keys = await listServiceKeys(database.open(OPERATOR_TIMEOUT))
    const rows = keys.map((key) => [
      key.id,
      key.name,
      key.scopes.join(' '),
      key.created_at,
      endOf(key),
      key.last_used_at ?? 'never'
    ])
    answer({ service_keys: keys }, table(['ID', 'NAME', 'SCOPES', 'CREATED', 'ENDS', 'LAST USED'], rows))
  })
}

const endOf = ({ revoked_at, expires_at }: ServiceKey) =>
  revoked_at ? `revoked ${revoked_at}` : (expires_at ?? 'never')

export default list
