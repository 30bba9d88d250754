import type { DefineCommand } from '../../src/command-line.ts'
import { table } from '../../src/terminal.ts'

const list: DefineCommand = (command, { open, answer }) => {
  command.description('list the signing keys, oldest first').action(async () => {
    const { keyRing } = await open()
    const keys = keyRing.jwks().keys.map(({ kid }) => ({ kid }))
    answer(
      { keys },
      table(
        ['KID'],
        keys.map(({ kid }) => [kid])
      )
    )
  })
}

export default list
