import { readSecret, type Terminal } from './terminal.ts'

const VARIABLE = 'BACKUP_PASSPHRASE'

/** A file can be tried offline, for as long as somebody has it. */
const LEAST = 12

/** The passphrase of a backup that is there. */
export const readPassphrase = (terminal: Terminal) => readSecret(terminal, 'Passphrase', VARIABLE)

/**
 * The passphrase of a new backup. Typed, it is asked for twice: what is typed wrong once opens nothing later.
 *
 * @throws Error where it is short, or the two differ
 */
export async function choosePassphrase(terminal: Terminal): Promise<string> {
  const passphrase = await readPassphrase(terminal)
  if (passphrase.length < LEAST) throw new Error(`The passphrase must have ${LEAST} characters or more.`)
  if (!terminal.stdin.isTTY || terminal.environment[VARIABLE] !== undefined) return passphrase
  if ((await readSecret(terminal, 'The same again', VARIABLE)) === passphrase) return passphrase
  throw new Error('The two passphrases differ.')
}
