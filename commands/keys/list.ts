import type { DefineCommand } from '../../src/cli/command-line.ts'
import { table } from '../../src/cli/table.ts'

const list: DefineCommand = (command, { open, answer }) => {
  command.description('list the signing keys, in the order in which they sign').action(async () => {
    const fastify = await open()
    const keys = (await fastify.keys.list()).map((key) => ({
      kid: key.kid,
      state: key.state,
      created_at: key.createdAt.toISOString(),
      signs_from: key.signsFrom.toISOString(),
      verifies_until: key.verifiesUntil?.toISOString() ?? null
    }))
    answer(
      { keys },
      table(
        ['KID', 'STATE', 'CREATED', 'SIGNS FROM', 'VERIFIES UNTIL'],
        keys.map((key) => [key.kid, key.state, key.created_at, key.signs_from, key.verifies_until ?? '-'])
      )
    )
  })
}

export default list
