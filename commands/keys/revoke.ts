import { type DefineCommand, UNCONFIRMED } from '../../src/cli/command-line.ts'
import type { KeyState } from '../../src/keys/key-states.ts'

const REFUSED =
  'its tokens are refused, by every instance within 60 s and by services that keep the public keys for as long as they do. Clients get others with their refresh tokens'

/** What follows from the revocation of a key. */
const CONSEQUENCES: Record<Exclude<KeyState, 'revoked'>, string> = {
  published: 'it has signed nothing yet, and never will',
  signing: `${REFUSED}, signed by a new key that signs at once`,
  verifying: REFUSED,
  over: 'its tokens were over already'
}

const revoke: DefineCommand = (command, { open, confirm, answer }) => {
  command
    .description('take a signing key out of use at once and for good, and erase its private half')
    .argument('<kid>', 'which one; after -- where it begins with a dash')
    .option('--dry-run', 'only tell what would follow')
    .action(async (kid: string, { dryRun = false }: { dryRun?: boolean }) => {
      const fastify = await open()
      const { was: found } = await fastify.keys.revoke(kid, true)
      const unchanged = { kid, was: found, revoked: false, replacement: null }
      const would = `Key ${kid} would be revoked`
      const consequence = CONSEQUENCES[found]
      if (dryRun) return answer(unchanged, `${would}, and nothing is changed: ${consequence}.`)
      if (!(await confirm(`${would}: ${consequence}.`))) {
        return answer(unchanged, `${would}: ${consequence}.${UNCONFIRMED}`, 1)
      }
      const { was, replacement = null } = await fastify.keys.revoke(kid)
      fastify.audit.record('operator', 'key revoked', { detail: { kid } })
      const signer = replacement ? `\nKey ${replacement} signs now.` : ''
      answer({ kid, was, revoked: true, replacement }, `Key ${kid} is revoked: ${CONSEQUENCES[was]}.${signer}`)
    })
}

export default revoke
