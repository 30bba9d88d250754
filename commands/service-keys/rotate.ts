import { OPERATOR_TIMEOUT } from '../../src/admin/accounts.ts'
import { findServiceKeyId, KEY_ARGUMENT, rotateServiceKey } from '../../src/admin/service-keys.ts'
import type { DefineCommand } from '../../src/cli/command-line.ts'
import { wholeNumber } from '../../src/cli/option-values.ts'
import { countOf } from '../../src/plural.ts'
import { MAX_OVERLAP_SECONDS, OVERLAP_SECONDS } from '../../src/schemas/admin/keys.ts'

const rotate: DefineCommand = (command, { open, note, answer }) => {
  command
    .description('give a key a new secret; it is printed once, and alone, to standard output')
    .argument('<key>', KEY_ARGUMENT)
    .option(
      '--overlap <seconds>',
      'how long the previous secret works',
      wholeNumber(0, MAX_OVERLAP_SECONDS),
      OVERLAP_SECONDS
    )
    .action(async (given: string, { overlap }: { overlap: number }) => {
      const fastify = await open()
      const database = fastify.database.open(OPERATOR_TIMEOUT)
      const id = await findServiceKeyId(database, given)
      const rotated = await rotateServiceKey(database, id, overlap)
      if (!rotated) throw new Error('There is no such key, or it is revoked or expired.')
      fastify.audit.record('operator', 'service key made', { detail: { key: id, reason: 'rotated' } })
      const previous = overlap === 0 ? 'no longer works' : `works for ${countOf(overlap, 'more second')}`
      note(`The previous secret ${previous}. Store the new one now: it is not shown again.`)
      answer({ ...rotated.serviceKey, key: rotated.key }, rotated.key)
    })
}

export default rotate
