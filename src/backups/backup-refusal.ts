/** The file is not a backup, is damaged or truncated, or the passphrase does not open it. */
export class BackupRefusal extends Error {
  override readonly name = 'BackupRefusal'
}

/** The passphrase is wrong, or the header was changed: no format can tell the two apart. */
export const UNOPENED = 'The passphrase does not open the backup, or its first bytes are damaged.'

export const DAMAGED = 'The backup is damaged, or a part of it is missing: nothing of it is restored.'

export const NO_BACKUP = 'The file is no backup of Latchkey.'
