import type { AddressInfo } from 'node:net'
import { text as read } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Test } from 'tap'

/** A message as a mail server was given it. */
export interface Received {
  from: string
  to: string[]
  headers: Record<string, string>
  text: string
  html: string
  raw: string
}

export interface MailServer {
  /** What SMTP_URL is set to. */
  url: string
  /** All that it has taken, in order. */
  received: Received[]
  close(): Promise<void>
}

/** A real mail server on a port of its own, which takes everything unless it is told otherwise; closed with the test. */
export async function mailServer(t: Test, options: SMTPServerOptions = {}, port = 0): Promise<MailServer> {
  const received: Received[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    // A client may keep its connection: it is not waited for.
    closeTimeout: 1,
    onData(stream, { envelope }, done) {
      read(stream).then((raw) => {
        received.push({ ...envelopeOf(envelope), ...readMessage(raw), raw })
        done()
      }, done)
    },
    ...options
  })
  // A client that hangs up is no fault.
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= new Promise((resolve) => server.close(resolve))
    return closing
  }
  t.teardown(close)
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, received, close }
}

interface Envelope {
  mailFrom: false | { address: string }
  rcptTo: { address: string }[]
}

const envelopeOf = ({ mailFrom, rcptTo }: Envelope) => ({
  from: mailFrom === false ? '' : mailFrom.address,
  to: rcptTo.map(({ address }) => address)
})

/** Takes a message of two parts, text and HTML, apart (RFC 2045, RFC 2046 §5.1.4). */
function readMessage(raw: string): Pick<Received, 'headers' | 'text' | 'html'> {
  const [headers, body] = split(raw)
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1]
  const [, text = '', html = ''] = body.split(`--${boundary}`).map((part) => decode(...split(part.trimStart())))
  return { headers, text, html }
}

function split(raw: string): [headers: Record<string, string>, body: string] {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2)
  ])
  return [Object.fromEntries(headers), raw.slice(end + 4)]
}

function decode({ 'content-transfer-encoding': encoding }: Record<string, string>, body: string): string {
  const bytes =
    encoding === 'base64'
      ? Buffer.from(body, 'base64')
      : encoding === 'quoted-printable'
        ? Buffer.from(
            body
              .replaceAll('=\r\n', '')
              .replaceAll(/=([0-9A-F]{2})/g, (_all, code) => String.fromCharCode(Number.parseInt(code, 16))),
            'latin1'
          )
        : Buffer.from(body)
  return bytes.toString().replaceAll('\r\n', '\n').trimEnd()
}
