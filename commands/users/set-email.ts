import { setEmail } from '../../src/account-email.ts'
import { calledBy, NAMED_BY, OPERATOR_PATIENCE } from '../../src/accounts.ts'
import type { DefineCommand } from '../../src/command-line.ts'
import { acceptNames } from '../../src/new-names.ts'

const define: DefineCommand = (command, { open, answer }) => {
  command
    .description('give an account another email address; links that were sent to it before are void')
    .argument('<user>', NAMED_BY)
    .argument('<address>', 'by the rules of registration')
    .option('--verified', 'the address is proven to be theirs: otherwise a mail asks for that')
    .addHelpText(
      'after',
      '\nA proven address from before is told so by a mail, with a link that undoes it for seven days.'
    )
    .action(async (user: string, email: string, { verified = false }: { verified?: boolean }) => {
      acceptNames({ email })
      const { audit, clock, openDatabase, outbox } = await open()
      const change = { email, verified, mail: outbox.available }
      const { account, before } = await setEmail(openDatabase(OPERATOR_PATIENCE), clock, user, change)
      audit.record('operator', 'email changed', { account: account.id })
      answer(
        { ...account, email_before: before.email },
        `${calledBy(before)} has the email address ${email} now, ${account.email_verified ? 'verified' : 'not verified'}`
      )
    })
}

export default define
