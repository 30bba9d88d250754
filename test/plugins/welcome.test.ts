import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import config from '../../plugins/config.ts'
import welcome from '../../plugins/welcome.ts'
import { readConfig } from '../../src/config/config.ts'
import type { DevMailbox } from '../../src/mail/dev-mailbox.ts'
import { assemble } from '../helpers/assemble.ts'
import { withMail } from '../helpers/mail.ts'

/** What somebody at a terminal is told when the service listens, and the port. */
async function start(t: Test, { isTTY, host, url }: { isTTY: boolean; host: string; url?: string }) {
  const told: string[] = []
  const terminal = { isTTY, write: (text: string) => told.push(text) }
  const mail = withMail({ mailbox: url === undefined ? undefined : ({ url } as DevMailbox) })
  const fastify = assemble(t, { plugins: [config, mail, welcome], config: readConfig({}), terminal })
  await fastify.listen({ host, port: 0 })
  return { text: told.join(''), port: (fastify.server.address() as AddressInfo).port }
}

test('a terminal is greeted when the service listens', async (t) => {
  const { text, port } = await start(t, {
    isTTY: true,
    host: '127.0.0.1',
    url: 'http://127.0.0.1/dev/mail?token=x'
  })
  t.match(text, `Latchkey listens at http://127.0.0.1:${port} (Ctrl+C`)
  t.match(text, `http://127.0.0.1:${port}/docs\n`)
  t.match(text, 'shown at http://127.0.0.1/dev/mail?token=x\n', 'at the URL of the mailbox')
})

test('an address that names all is one that can be opened', async (t) => {
  const { text, port } = await start(t, { isTTY: true, host: '0.0.0.0' })
  t.match(text, `Latchkey listens at http://localhost:${port} (Ctrl+C`)
  const six = await start(t, { isTTY: true, host: '::1' })
  t.match(six.text, `Latchkey listens at http://[::1]:${six.port} (Ctrl+C`)
})

test('nothing but the log goes anywhere else', async (t) => {
  t.equal((await start(t, { isTTY: false, host: '127.0.0.1' })).text, '')
})
