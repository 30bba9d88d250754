/** The file is not a backup, is damaged or truncated, or the passphrase does not decrypt it. */
export class BackupRefusal extends Error {
  override readonly name = 'BackupRefusal'
}

/** A wrong passphrase and a damaged header cannot be told apart. */
export const UNDECRYPTED = 'The passphrase is wrong, or the header of the backup is damaged.'

export const DAMAGED = 'The backup is damaged or truncated; nothing was restored.'

export const NO_BACKUP = 'The file is not a backup of Latchkey.'
