import { readSecret, type Terminal } from './terminal.ts'

const VARIABLE = 'BACKUP_PASSPHRASE'

/** In characters. An attacker who has the file can guess offline. */
const MIN_LENGTH = 12

/** Reads the passphrase of an existing backup. */
export const readPassphrase = (terminal: Terminal) => readSecret(terminal, 'Passphrase', VARIABLE)

/**
 * Reads the passphrase of a new backup. On a terminal it must be typed twice, since a typo would make the backup useless.
 *
 * @throws Error if it is too short, or the two differ
 */
export async function choosePassphrase(terminal: Terminal): Promise<string> {
  const passphrase = await readPassphrase(terminal)
  if (passphrase.length < MIN_LENGTH) throw new Error(`The passphrase must have at least ${MIN_LENGTH} characters.`)
  if (!terminal.stdin.isTTY || terminal.environment[VARIABLE] !== undefined) return passphrase
  if ((await readSecret(terminal, 'Repeat the passphrase', VARIABLE)) === passphrase) return passphrase
  throw new Error('The two passphrases differ.')
}
