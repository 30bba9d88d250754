import { test } from 'tap'
import { BackupRefusal, DAMAGED, NO_BACKUP, UNDECRYPTED } from '../../../src/backups/backup-refusal.ts'

test('a refusal is an error with a name of its own, which tells it from an error of the file system', (t) => {
  for (const message of [UNDECRYPTED, DAMAGED, NO_BACKUP]) {
    const error = new BackupRefusal(message)
    t.ok(error instanceof Error)
    t.strictSame([error.name, error.message], ['BackupRefusal', message])
  }
  t.equal(new Set([UNDECRYPTED, DAMAGED, NO_BACKUP]).size, 3, 'each has a message of its own')
  t.end()
})
