import type { DefineCommand } from '../../src/cli/command-line.ts'

const PUBLISHED = 'Until then it is published alone, so that everybody knows it.'
const UNPUBLISHED =
  'The instances get to know it by the first token that it signs. Other services may know only the older keys for up to 300 s more, and refuse the new tokens, where they do not look again for an unknown kid.'

const rotate: DefineCommand = (command, { open, answer }) => {
  command
    .description('make a new signing key, which is published for 6 minutes before it signs')
    .option('--now', 'let it sign at once: other services may refuse its tokens for up to 300 s')
    .action(async ({ now = false }: { now?: boolean }) => {
      const fastify = await open()
      const { kid, signsFrom } = await fastify.keys.rotate(now ? 0 : undefined)
      fastify.audit.record('operator', 'key rotated', { detail: { kid } })
      const signs_from = signsFrom.toISOString()
      answer({ kid, signs_from }, `Key ${kid} signs from ${signs_from} on. ${now ? UNPUBLISHED : PUBLISHED}`)
    })
}

export default rotate
