import { createTransport } from 'nodemailer'
import type { Sender } from '../config/formats.ts'
import { isPrivateHost, withoutBrackets } from '../http/loopback.ts'
import { DeliveryError, type Failure } from '../outbox/delivery-error.ts'
import type { Message } from './templates.ts'

/** Sends messages. */
export interface Mailer {
  /**
   * Resolves when the mail server has accepted the message.
   *
   * @param id the same for each attempt, so that a receiver can recognise a duplicate
   * @throws DeliveryError
   */
  send(id: string, message: Message): Promise<void>
  /** Closes the connections; messages that are being sent fail. */
  close(): void
}

interface SmtpOptions {
  /**
   * The maximum number of connections to the server, and so of messages sent at once. Another one is opened only if all are
   * busy. There are many by default: with few, a message waits for those to other recipients, and an attacker who has mail
   * sent to many addresses of their own could measure that others were sent mail.
   */
  connections: number
  /** The deadline for sending one message, in milliseconds. */
  timeout?: number
}

const TIMEOUT = 30_000

/**
 * Sends by SMTP (RFC 5321), over connections that are kept open.
 *
 * `smtps:` is TLS from the first byte. `smtp:` uses STARTTLS, and goes on without it only if the server is near: on this
 * machine, at a private address, or named without a dot, as containers are. The certificate of a near server is not
 * verified, since an attacker who could forge it could also remove STARTTLS.
 *
 * @param smtpUrl with the user and the password, if the server requires them
 */
export function createSmtp(smtpUrl: string, sender: Sender, { connections, timeout = TIMEOUT }: SmtpOptions): Mailer {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl)
  const secure = protocol === 'smtps:'
  const near = !secure && isPrivateHost(hostname)
  const transport = createTransport({
    pool: true,
    maxConnections: connections,
    // The outbox retries, and must learn of each failure.
    maxRequeues: 0,
    host: withoutBrackets(hostname),
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
  // Without a listener, an idle connection that fails would end the process.
  transport.on('error', () => {})
  const [, domain] = sender.address.split('@')

  return {
    async send(id, { recipient, language, subject, text, html }) {
      if (!ADDRESS.test(recipient)) throw new DeliveryError('permanent', 'the address is invalid')
      const message = {
        from: sender,
        to: { name: '', address: recipient },
        envelope: { from: sender.address, to: [recipient] },
        subject,
        text,
        html,
        messageId: `<${id}@${domain}>`,
        // The language (RFC 3282), and no automatic replies (RFC 3834 §5).
        headers: { 'Content-Language': language, 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.timeout(timeout)
      }
      await transport.sendMail(message).catch((error) => {
        throw toDeliveryError(error)
      })
    },
    close: () => transport.close({ force: true })
  }
}

/** Nothing in an address can end it, or its line. */
const ADDRESS = /^[^\s\p{C}<>]+@[^\s\p{C}<>]+$/u

/** An error of nodemailer. */
interface SmtpError extends Error {
  code?: string
  command?: string
  responseCode?: number
  response?: string
}

function toDeliveryError(error: SmtpError): DeliveryError {
  const { message, code = 'none', command = 'none', responseCode } = error
  const failure = failureOf(error)
  // An answer of the server may contain the recipient, and so may a message about an invalid address.
  const isOurs = responseCode === undefined && failure === 'unavailable'
  return new DeliveryError(failure, isOurs ? message : `${code} after ${command}, status ${responseCode ?? 'none'}`)
}

function failureOf({ code = '', command = '', responseCode, response = '' }: SmtpError): Failure {
  const isAboutMessage = ['EENVELOPE', 'EMESSAGE'].includes(code) && command !== 'MAIL FROM'
  if (!isAboutMessage) return 'unavailable'
  // Policies (RFC 3463 §3.8), such as a refusal to relay, are retried for a day: the operator can fix them.
  const isPermanent = command === 'RCPT TO' && Number(responseCode) >= 500 && !/^\d{3}[ -]\d\.7\./.test(response)
  return isPermanent ? 'permanent' : 'transient'
}
