import { ACCOUNT_ARGUMENT, displayName, OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { setEmail } from '../../src/flows/account-email.ts'
import { validateNewNames } from '../../src/users/new-names.ts'

interface Options {
  verified?: boolean
  undoLink?: boolean
}

const define: DefineCommand = (command, { open, answer }) => {
  command
    .description('change the email address of an account; invalidates links that were sent to it')
    .argument('<user>', ACCOUNT_ARGUMENT)
    .argument('<address>', 'subject to the rules of registration')
    .option('--verified', 'mark the address as verified; otherwise a verification mail is sent')
    .option('--undo-link', 'send the previous address, if verified, a link that reverts this for seven days')
    .addHelpText(
      'after',
      '\nWithout --undo-link, links that revert earlier changes become invalid too: an attacker may own the previous address.'
    )
    .action(async (user: string, email: string, { verified = false, undoLink = false }: Options) => {
      validateNewNames({ email })
      const { audit, database, mail } = await open()
      if (undoLink && !mail.available) throw new Error('No mail can be sent: set SMTP_URL and MAIL_FROM.')
      const change = { email, verified, mail: mail.available, undoLink }
      const { account, before } = await setEmail(database.open(OPERATOR_TIMEOUT), user, change)
      audit.record('operator', 'email changed', { account: account.id })
      answer(
        { ...account, email_before: before.email },
        `Email address changed for ${displayName(before)}: ${email}, ${account.email_verified ? 'verified' : 'not verified'}`
      )
    })
}

export default define
