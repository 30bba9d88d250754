import type { DefineCommand } from '../../src/command-line.ts'
import type { KeyState } from '../../src/key-list.ts'
import { revokeKey } from '../../src/key-rotation.ts'

const REFUSED =
  'its tokens are refused, by every instance within 60 s and by services that keep the public keys for as long as they do. Clients get others with their refresh tokens'

/** What follows from the revocation of a key. */
const CONSEQUENCES: Record<Exclude<KeyState, 'revoked'>, string> = {
  published: 'it has signed nothing yet, and never will',
  signing: `${REFUSED}, signed by a new key that signs at once`,
  verifying: REFUSED,
  over: 'its tokens were over already'
}

const revoke: DefineCommand = (command, { open, answer }) => {
  command
    .description('take a signing key out of use at once and for good, and erase its private half')
    .argument('<kid>', 'which one; after -- where it begins with a dash')
    .option('--dry-run', 'only tell what would follow')
    .action(async (kid: string, { dryRun = false }: { dryRun?: boolean }) => {
      const fastify = await open()
      const { was, replacement = null } = await revokeKey(fastify.openDatabase(), fastify.keyRules, kid, dryRun)
      if (!dryRun) fastify.audit.record('operator', 'key revoked', { detail: { kid } })
      const done = dryRun ? `Key ${kid} would be revoked, and nothing is changed` : `Key ${kid} is revoked`
      const signer = replacement ? `\nKey ${replacement} signs now.` : ''
      answer({ kid, was, revoked: !dryRun, replacement }, `${done}: ${CONSEQUENCES[was]}.${signer}`)
    })
}

export default revoke
