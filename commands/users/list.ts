import { type Listing, listAccounts, MAX_PAGE_SIZE, PAGE_SIZE } from '../../src/admin/account-list.ts'
import { OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { id, wholeNumber } from '../../src/cli/option-values.ts'
import { table } from '../../src/cli/table.ts'

const list: DefineCommand = (command, { open, answer }) => {
  command
    .description('list accounts, oldest first')
    .option('--disabled', 'only disabled accounts')
    .option('--without-second-step', 'only accounts that a password alone signs in')
    .option('--search <text>', 'only accounts with a name that begins with this text')
    .option('--limit <number>', 'maximum number of accounts', wholeNumber(1, MAX_PAGE_SIZE), PAGE_SIZE)
    .option('--after <id>', 'continue after this account', id)
    .action(async (listing: Listing) => {
      const { database } = await open()
      const page = await listAccounts(database.open(OPERATOR_TIMEOUT), listing)
      const rows = page.users.map(({ id, username, email, created_at, disabled_at }) => [
        id,
        username ?? '',
        email ?? '',
        created_at,
        disabled_at ?? ''
      ])
      const more = page.next === null ? '' : `\n\nThere are more: --after ${page.next}`
      answer(page, table(['ID', 'USERNAME', 'EMAIL', 'CREATED', 'DISABLED'], rows) + more)
    })
}

export default list
