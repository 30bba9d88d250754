import { ask, PASSWORD } from '@latchkey/compare/measure/client'
import { Service } from '../shared/service.ts'
import { Mailboxes } from './mailboxes.ts'

/** A service with HIDE_ACCOUNTS, and its mail server. */
export interface Hiding {
  service: Service
  mailboxes: Mailboxes
  stop(): Promise<void>
}

/** Creates a database for a service. @returns its URL; undefined for an embedded database */
export type CreateDatabase = () => Promise<string | undefined>

/** @param dialogue the time that the mail server takes for each message, in milliseconds */
export async function startHiding(
  createDatabase: CreateDatabase,
  environment: Record<string, string> = {},
  dialogue = 0
): Promise<Hiding> {
  const mailboxes = await Mailboxes.open(dialogue)
  const service = await Service.start({
    databaseUrl: await createDatabase(),
    environment: {
      HIDE_ACCOUNTS: 'on',
      TRUSTED_PROXIES: '127.0.0.1',
      SMTP_URL: mailboxes.url,
      MAIL_FROM: 'Bench <bench@example.com>',
      ...environment
    }
  })
  return {
    service,
    mailboxes,
    async stop() {
      await service.stop()
      mailboxes.close()
    }
  }
}

/** Creates an account with a verified address, by the mail that users get. */
export async function createAccount({ service, mailboxes }: Hiding, email: string): Promise<void> {
  const from = { 'x-forwarded-for': someAddress() }
  await ask(service.base, 'POST', '/register', { payload: { email }, headers: from })
  const [message] = await mailboxes.waitFor(email, 1)
  const text = String(message?.raw).replaceAll('=\r\n', '').replaceAll('=3D', '=')
  const [, token] = /token=([\w-]{43})/.exec(text) ?? []
  const made = await ask(service.base, 'POST', '/register/finish', {
    payload: { token, password: PASSWORD },
    headers: from
  })
  if (made.status !== 201) throw new Error(`an account was not made: ${made.status} ${made.body.code}`)
}

/** One of the 131,072 addresses reserved for benchmarks (RFC 2544), so that hardly any is counted twice. */
export function someAddress(): string {
  const part = (values: number) => Math.floor(Math.random() * values)
  return `198.${18 + part(2)}.${part(256)}.${part(256)}`
}
