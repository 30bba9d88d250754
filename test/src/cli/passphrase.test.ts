import { PassThrough, Readable } from 'node:stream'
import { test } from 'tap'
import { choosePassphrase, readPassphrase } from '../../../src/cli/passphrase.ts'

const PASSPHRASE = 'a passphrase for backups alone'

const piped = (input: string, environment: NodeJS.ProcessEnv = {}) => ({
  stdin: Readable.from([input]),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  environment
})

/** A terminal on which somebody answers one question after the other. */
function typed(answers: string[], environment: NodeJS.ProcessEnv = {}) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true })
  const stderr = new PassThrough({ encoding: 'utf8' })
  // As that of a process, it is not ended by what is piped into it.
  stderr.end = () => stderr
  const questions = ['Passphrase', 'Repeat the passphrase']
  stderr.on('data', (shown: string) => {
    if (!questions[0] || !shown.includes(questions[0])) return
    questions.shift()
    // The question stands there a moment before somebody listens.
    setImmediate(() => {
      stdin.write(answers.shift())
      stdin.write('\r')
    })
  })
  return { stdin, stdout: new PassThrough(), stderr, environment }
}

test('the passphrase of a new backup', async (t) => {
  t.equal(await choosePassphrase(piped(`${PASSPHRASE}\n`)), PASSPHRASE)
  t.equal(await choosePassphrase(piped('', { BACKUP_PASSPHRASE: PASSPHRASE })), PASSPHRASE)
  t.equal(await choosePassphrase(typed([], { BACKUP_PASSPHRASE: PASSPHRASE })), PASSPHRASE, 'nothing is asked')
  t.equal(await choosePassphrase(typed([PASSPHRASE, PASSPHRASE])), PASSPHRASE)
  await t.rejects(choosePassphrase(typed([PASSPHRASE, `${PASSPHRASE}.`])), { message: 'The two passphrases differ.' })
  const message = 'The passphrase must have at least 12 characters.'
  for (const short of ['', 'eleven char']) {
    await t.rejects(choosePassphrase(piped(short)), { message })
    await t.rejects(choosePassphrase(piped('', { BACKUP_PASSPHRASE: short })), { message })
  }
})

test('the passphrase of a backup that is there is asked for once, whatever its length', async (t) => {
  t.equal(await readPassphrase(piped('short\r\n')), 'short')
  t.equal(await readPassphrase(typed(['short'])), 'short')
})
