import { type AuditFault, type AuditVerification, verifyAudit } from '../../src/audit/verify.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { countOf } from '../../src/plural.ts'

/** The timeout, in milliseconds. */
const TIMEOUT = 6 * 3_600_000

const verify: DefineCommand = (command, { open, progress, answer }) => {
  command.description('verify that no audit record was changed, removed or added').action(async () => {
    const { audit, database } = await open()
    const verdict = await verifyAudit(database.open(TIMEOUT), audit.key, (count, all) =>
      progress(`${count} of ${countOf(all, 'record')} intact`)
    )
    const { fault = null, ...range } = verdict
    answer({ intact: !fault, ...range, fault }, summarize(verdict), fault ? 1 : 0)
  })
}

function summarize({ count, first, last, fault }: AuditVerification): string {
  const intact = countOf(count, 'intact record')
  if (fault) return `${intact}, then number ${fault.seq} ${FAULTS[fault.kind]}.`
  return count === 0 ? 'The audit log is empty.' : `${intact}, from number ${first} to number ${last}.`
}

const FAULTS: Record<AuditFault['kind'], string> = {
  changed: 'was changed',
  missing: 'is missing',
  'out of order': 'is out of order',
  added: 'was added',
  truncated: 'and all later records are missing: the log is truncated',
  damaged: 'reports that the service found the log damaged',
  'ends changed': 'is not the last: the stored range of the log was changed'
}

export default verify
