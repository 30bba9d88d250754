import { Option } from 'commander'
import { type AuditFilter, type ListedRecord, listAudit } from '../../src/audit/list.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { id, time, wholeNumber } from '../../src/cli/option-values.ts'
import { table } from '../../src/cli/table.ts'
import { ACTIONS } from '../../src/schemas/admin/actions.ts'

/** The timeout, in milliseconds. There may be many pages. */
const TIMEOUT = 600_000

const list: DefineCommand = (command, { open, answer }) => {
  command
    .description('list audit records, newest last')
    .option('--account <id>', 'only records about this account', id)
    .addOption(new Option('--action <action>', 'only records of this action').choices(ACTIONS))
    .option('--after <time>', 'only records from this time on', time)
    .option('--before <time>', 'only records before this time', time)
    .option('--limit <count>', 'maximum number of records, the newest', wholeNumber(1, 100_000), 100)
    .action(async (wanted: AuditFilter) => {
      const { database } = await open()
      const records = await listAudit(database.open(TIMEOUT), wanted)
      answer({ records }, table(['SEQ', 'AT', 'ACTOR', 'ACTION', 'ACCOUNT', 'ADDRESS', 'DETAIL'], records.map(cells)))
    })
}

const cells = ({ seq, at, actor, action, account, address, detail }: ListedRecord) => [
  String(seq),
  at,
  actor,
  action,
  account ?? '-',
  address ?? '-',
  Object.entries(detail ?? {})
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')
]

export default list
