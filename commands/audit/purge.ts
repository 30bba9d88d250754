import { countPurgeable, purgeAudit } from '../../src/audit/purge.ts'
import { type DefineCommand, UNCONFIRMED } from '../../src/cli/command-line.ts'
import { time } from '../../src/cli/option-values.ts'
import { countOf } from '../../src/plural.ts'

/** The timeout of counting, in milliseconds. */
const TIMEOUT = 600_000

const purge: DefineCommand = (command, { open, confirm, progress, answer }) => {
  command
    .description('delete the oldest audit records; the others can still be verified')
    .requiredOption('--before <time>', 'delete up to the first record that is not before this time', time)
    .option('--dry-run', 'show the number of records, and change nothing')
    .action(async ({ before, dryRun = false }: { before: Date; dryRun?: boolean }) => {
      const { audit, database } = await open()
      const beginning = await countPurgeable(database.open(TIMEOUT), before)
      const records = countOf(beginning.count, 'record')
      const value = (purged: boolean) => ({ count: beginning.count, up_to: beginning.last, dry_run: dryRun, purged })
      const would = `${records} would be purged, up to number ${beginning.last}.`
      if (dryRun) return answer(value(false), would)
      if (beginning.count > 0 && !(await confirm(would))) return answer(value(false), would + UNCONFIRMED, 1)

      let left = beginning.count
      let purged = left
      // Another purge may run concurrently.
      while (left > 0 && purged > 0) {
        purged = (await purgeAudit(database.open(), audit.key, before)).count
        left -= purged
        progress(`${left} left to purge`)
      }
      const detail = { count: beginning.count, up_to: beginning.last }
      if (beginning.count > 0) audit.record('operator', 'audit purged', { detail })
      answer(value(true), `${records} purged, up to number ${beginning.last}.`)
    })
}

export default purge
