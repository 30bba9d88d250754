import type { DefineCommand } from '../../src/cli/command-line.ts'

const PUBLISHED = 'Until then it is only published, so that all services fetch it.'
const UNPUBLISHED =
  'Instances read it with the first token that it signs. Other services that do not fetch the keys again for an unknown kid may refuse new tokens for up to 300 s.'

const rotate: DefineCommand = (command, { open, answer }) => {
  command
    .description('create a new signing key, which is published for 6 minutes before it signs')
    .option('--now', 'sign immediately; other services may refuse its tokens for up to 300 s')
    .action(async ({ now = false }: { now?: boolean }) => {
      const fastify = await open()
      const { kid, signsFrom } = await fastify.keys.rotate(now ? 0 : undefined)
      fastify.audit.record('operator', 'key rotated', { detail: { kid } })
      const signs_from = signsFrom.toISOString()
      answer({ kid, signs_from }, `Key ${kid} signs from ${signs_from} on. ${now ? UNPUBLISHED : PUBLISHED}`)
    })
}

export default rotate
