import { type DefineCommand, UNCONFIRMED } from '../../src/cli/command-line.ts'
import type { KeyState } from '../../src/keys/key-states.ts'

const REFUSED =
  'all instances refuse its tokens within 60 s, other services once their cache of the public keys expires. Clients get new tokens with their refresh tokens'

/** The consequence of revoking a key, by its state. */
const CONSEQUENCES: Record<Exclude<KeyState, 'revoked'>, string> = {
  published: 'it has not signed any token',
  signing: `${REFUSED}, signed by a new key`,
  verifying: REFUSED,
  expired: 'its tokens had expired already'
}

const revoke: DefineCommand = (command, { open, confirm, answer }) => {
  command
    .description('revoke a signing key immediately and permanently, and erase its private key')
    .argument('<kid>', 'its id; write -- before one that begins with a dash')
    .option('--dry-run', 'show the consequences, and change nothing')
    .action(async (kid: string, { dryRun = false }: { dryRun?: boolean }) => {
      const fastify = await open()
      const { was: found } = await fastify.keys.revoke(kid, true)
      const unchanged = { kid, was: found, revoked: false, replacement: null }
      const would = `Key ${kid} would be revoked`
      const consequence = CONSEQUENCES[found]
      if (dryRun) return answer(unchanged, `${would}: ${consequence}. Nothing was changed.`)
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
