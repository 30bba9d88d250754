import { createTransport } from 'nodemailer'
import type { Sender } from '../config/formats.ts'
import { isPrivateHost } from '../http/loopback.ts'
import { DeliveryError, type Fate } from '../outbox/delivery-error.ts'
import type { Message } from './templates.ts'

/** What brings messages on their way. */
export interface Mailer {
  /**
   * Hands a message over; when this resolves, the mail server has taken it on.
   *
   * @param id the same for each attempt at one message, so that a receiver can tell that two are one
   * @throws DeliveryError
   */
  send(id: string, message: Message): Promise<void>
  /** Lets go of the server; what is on its way fails. */
  close(): void
}

/**
 * How many connections to the server there are at most by default, and so how many messages are on their way at once. One is opened
 * only where all others are busy. They are many, so that a message to one recipient hardly ever waits for those to others,
 * by which somebody who has mail sent to many addresses of their own could tell that there were others.
 */
export const CONNECTIONS = 20

/** How long one message may take in all, in milliseconds. */
const TIMEOUT = 30_000

/**
 * Sends by SMTP (RFC 5321), over connections that are kept.
 *
 * `smtps:` is TLS from the first byte, `smtp:` asks for STARTTLS and goes on without it only where the server is near: on
 * this machine, in a network of one's own, or called by a name without a dot, as containers are. There no certificate is
 * asked for, since whoever could forge one could as well leave STARTTLS out.
 *
 * @param smtpUrl with the user and the password, where the server asks for them
 */
export function createSmtp(
  smtpUrl: string,
  sender: Sender,
  { connections = CONNECTIONS, timeout = TIMEOUT } = {}
): Mailer {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl)
  const secure = protocol === 'smtps:'
  const near = !secure && isPrivateHost(hostname)
  const transport = createTransport({
    pool: true,
    maxConnections: connections,
    // What fails is tried again from the outbox, by which it is known to have failed.
    maxRequeues: 0,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !near,
    tls: { rejectUnauthorized: !near },
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true
  })
  // Without a listener, a connection that fails while nothing is sent would end the process.
  transport.on('error', () => {})
  const [, domain] = sender.address.split('@')

  return {
    async send(id, { recipient, subject, text, html }) {
      if (!ADDRESS.test(recipient)) throw new DeliveryError('lost', 'the address is none')
      const message = {
        from: sender,
        to: { name: '', address: recipient },
        envelope: { from: sender.address, to: [recipient] },
        subject,
        text,
        html,
        messageId: `<${id}@${domain}>`,
        // No machine answers it (RFC 3834 §5).
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.timeout(timeout)
      }
      await transport.sendMail(message).catch((error) => {
        throw toUndelivered(error)
      })
    },
    close: () => transport.close({ force: true })
  }
}

/** Nothing in it can end the address, or the line that it stands on. */
const ADDRESS = /^[^\s\p{C}<>]+@[^\s\p{C}<>]+$/u

/** What the library says of a failure. */
interface SmtpError extends Error {
  code?: string
  command?: string
  responseCode?: number
  response?: string
}

function toUndelivered(error: SmtpError): DeliveryError {
  const { message, code = 'none', command = 'none', responseCode } = error
  const fate = fateOf(error)
  // What the server said may have the recipient in it, and so may what is said of a bad address.
  const isOurs = responseCode === undefined && fate === 'away'
  return new DeliveryError(fate, isOurs ? message : `${code} after ${command}, status ${responseCode ?? 'none'}`)
}

function fateOf({ code = '', command = '', responseCode, response = '' }: SmtpError): Fate {
  const isAboutLetter = ['EENVELOPE', 'EMESSAGE'].includes(code) && command !== 'MAIL FROM'
  if (!isAboutLetter) return 'away'
  // A policy (RFC 3463 §3.8), such as that this server passes nothing on for us, is for the operator to see to: for a day.
  const isForGood = command === 'RCPT TO' && Number(responseCode) >= 500 && !/^\d{3}[ -]\d\.7\./.test(response)
  return isForGood ? 'lost' : 'later'
}
