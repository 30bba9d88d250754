import { Option } from 'commander'
import { OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import { createServiceKey } from '../../src/admin/service-keys.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { serviceKeyName, wholeNumber } from '../../src/cli/option-values.ts'
import { MAX_EXPIRY_SECONDS, MIN_EXPIRY_SECONDS, SCOPE_NAMES, type ScopeName } from '../../src/schemas/admin/keys.ts'

interface Options {
  scope: ScopeName[]
  expiresIn?: number
}

const create: DefineCommand = (command, { open, note, answer }) => {
  command
    .description('make a key for a service; it is printed once, and alone, to standard output')
    .argument('<name>', 'what it is for: 1 to 64 characters', serviceKeyName)
    .addOption(new Option('--scope <scope...>', 'what it may do').choices(SCOPE_NAMES).makeOptionMandatory())
    .option(
      '--expires-in <seconds>',
      'by default it does not expire',
      wholeNumber(MIN_EXPIRY_SECONDS, MAX_EXPIRY_SECONDS)
    )
    .action(async (name: string, { scope: scopes, expiresIn }: Options) => {
      const { audit, database } = await open()
      const { serviceKey, key } = await database
        .open(OPERATOR_TIMEOUT)
        .transact((transaction) => createServiceKey(transaction, { name, scopes, expiresIn }))
      audit.record('operator', 'service key made', { detail: { key: serviceKey.id } })
      note(`Key ${serviceKey.id}. Store it now: it is not shown again.`)
      answer({ ...serviceKey, key }, key)
    })
}

export default create
