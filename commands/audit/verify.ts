import { type Fault, type Verdict, verifyAudit } from '../../src/audit/verify.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { showProgress } from '../../src/cli/progress.ts'

/** How long it may take, in milliseconds. */
const TIMEOUT = 6 * 3_600_000

const verify: DefineCommand = (command, { open, answer, terminal }) => {
  command.description('tell whether the record is as it was written').action(async () => {
    const { audit, database } = await open()
    const progress = showProgress(terminal)
    const verdict = await verifyAudit(database.open(TIMEOUT), audit.key, (count, all) =>
      progress.show(`${count} of ${all} records hold`)
    )
    progress.end()
    const { fault = null, ...range } = verdict
    answer({ whole: !fault, ...range, fault }, tell(verdict), fault ? 1 : 0)
  })
}

function tell({ count, first, last, fault }: Verdict): string {
  const held = count === 0 ? 'No record holds' : `${count} ${count === 1 ? 'record holds' : 'records hold'}`
  if (fault) return `${held}, then number ${fault.seq} ${SAID[fault.wrong]}.`
  return count === 0 ? 'The record is empty.' : `${held}, from number ${first} to number ${last}.`
}

const SAID: Record<Fault['wrong'], string> = {
  changed: 'has been changed',
  missing: 'is missing',
  'out of order': 'is not the one that was written there, which stands elsewhere',
  added: 'has been added',
  'cut off': 'and all after it are missing: the end is cut off',
  damaged: 'says that the service found the record damaged there',
  'ends forged': 'is not the last: where the record begins and ends has been forged'
}

export default verify
