import { createServer, type Socket } from 'node:net'
import { type Test, test } from 'tap'
import { createSmtp } from '../../../src/mail/smtp.ts'
import type { DeliveryError } from '../../../src/outbox/delivery-error.ts'
import { caught } from '../../helpers/caught.ts'
import { mailServer } from '../../helpers/mail-server.ts'

const CONNECTIONS = 20

const FROM = { name: 'Example', address: 'no-reply@example.com' }
const MESSAGE = {
  recipient: 'ada@example.org',
  language: 'de-AT',
  subject: 'Grüße',
  text: 'Hello Ada,\n\nhttps://app.example.com/email/verify#token=abc\n',
  html: '<p>Hello Ada</p>'
}

/** What sends to a server, let go of with the test. */
function smtp(t: Test, url: string, timeout?: number) {
  const mailer = createSmtp(url, FROM, { connections: CONNECTIONS, ...(timeout !== undefined && { timeout }) })
  t.teardown(() => mailer.close())
  return mailer
}

/** An SMTP error as a server of the tests gives one. */
const refuse = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

/** How sending a message failed. */
const failureOf = async (sending: Promise<unknown>) => {
  const { name, failure, message } = (await caught(sending)) as DeliveryError
  return { name, failure, message }
}

const deliveryError = (failure: string, message: string) => ({ name: 'DeliveryError', failure, message })

/** Answers each line by what `say` has for it, or not at all. */
async function talking(t: Test, say: (line: string) => string | undefined, greeting?: string): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (greeting) socket.write(`${greeting}\r\n`)
    socket.on('data', (data) => {
      for (const line of String(data).split('\r\n').filter(Boolean)) {
        const answer = say(line)
        if (answer) socket.write(`${answer}\r\n`)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `smtp://127.0.0.1:${(server.address() as { port: number }).port}`
}

test('a message arrives as it was written', async (t) => {
  const server = await mailServer(t)
  await smtp(t, server.url).send('0198a3c2-7f00-7000-8000-000000000000', MESSAGE)
  const [{ raw, headers, ...rest } = { raw: '', headers: {} as Record<string, string> }] = server.received
  t.strictSame(rest, {
    from: 'no-reply@example.com',
    to: ['ada@example.org'],
    text: MESSAGE.text.trimEnd(),
    html: MESSAGE.html
  })
  const { 'content-type': type, date, ...others } = headers
  t.strictSame(others, {
    from: 'Example <no-reply@example.com>',
    to: 'ada@example.org',
    subject: '=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=',
    'message-id': '<0198a3c2-7f00-7000-8000-000000000000@example.com>',
    'content-language': 'de-AT',
    'auto-submitted': 'auto-generated',
    'mime-version': '1.0'
  })
  t.match(type, /^multipart\/alternative; boundary=/)
  t.match(date, /^\w{3}, \d{2} \w{3} \d{4} /)
  t.notMatch(raw, /nodemailer/i, 'and does not say with what')
})

test('messages share connections, and do not wait for one another', async (t) => {
  let connections = 0
  const server = await mailServer(t, {
    onConnect(_session, done) {
      connections += 1
      done()
    }
  })
  const mailer = smtp(t, server.url)
  await Promise.all(Array.from({ length: 3 * CONNECTIONS }, (_, index) => mailer.send(`${index}`, MESSAGE)))
  t.equal(server.received.length, 3 * CONNECTIONS)
  t.ok(connections <= CONNECTIONS, `${connections}`)
})

test('the user and the password of the URL sign in', async (t) => {
  const server = await mailServer(t, {
    authOptional: false,
    onAuth({ username, password }, _session, done) {
      done(username === 'ad@a' && password === 'p:w/d' ? null : new Error('no'), { user: 'ada' })
    }
  })
  const at = (user: string) => server.url.replace('smtp://', `smtp://${user}@`)
  await smtp(t, at('ad%40a:p%3Aw%2Fd')).send('one', MESSAGE)
  t.equal(server.received.length, 1)
  t.strictSame(
    await failureOf(smtp(t, at('ad%40a:hunter2')).send('two', MESSAGE)),
    deliveryError('unavailable', 'EAUTH after AUTH PLAIN, status 535'),
    'and the operator must fix a wrong one'
  )
})

test('TLS', async (t) => {
  await t.test('is used if a near server offers it, whatever its certificate', async (t) => {
    let secure = false
    const server = await mailServer(t, {
      disabledCommands: [],
      onMailFrom(_address, session, done) {
        secure = session.secure
        done()
      }
    })
    await smtp(t, server.url).send('one', MESSAGE)
    t.ok(secure)
  })

  // An address that is nobody's, and leads here.
  const far = (url: string) => url.replace('127.0.0.1', '0.0.0.0')

  await t.test('is required if the server is not near', async (t) => {
    const server = await mailServer(t)
    t.strictSame(
      await failureOf(smtp(t, far(server.url)).send('one', MESSAGE)),
      deliveryError('unavailable', 'ETLS after STARTTLS, status 500')
    )
    t.strictSame(server.received, [])
  })

  await t.test('is required with a trusted certificate', async (t) => {
    const server = await mailServer(t, { disabledCommands: [] })
    const { failure, message } = await failureOf(smtp(t, far(server.url)).send('one', MESSAGE))
    t.strictSame([failure, server.received], ['unavailable', []])
    t.match(message, /certificate/)
  })

  await t.test('is used from the first byte with smtps, and its certificate is always verified', async (t) => {
    const server = await mailServer(t, { secure: true })
    const { failure, message } = await failureOf(smtp(t, server.url.replace('smtp:', 'smtps:')).send('one', MESSAGE))
    t.strictSame([failure, server.received], ['unavailable', []])
    t.match(message, /certificate/)
  })
})

test('a server that refuses', async (t) => {
  const cases: [
    what: string,
    code: number,
    says: string,
    step: 'onMailFrom' | 'onRcptTo' | 'onData',
    failure: string
  ][] = [
    ['the recipient, permanently', 550, '5.1.1 no such user ada@example.org', 'onRcptTo', 'permanent'],
    ['the recipient, permanently, without an enhanced code', 550, 'no such user', 'onRcptTo', 'permanent'],
    ['the recipient, temporarily', 450, '4.2.0 greylisted', 'onRcptTo', 'transient'],
    ['the recipient, by its policy', 554, '5.7.1 ada@example.org: relay access denied', 'onRcptTo', 'transient'],
    ['the message, permanently', 554, '5.6.0 not like this', 'onData', 'transient'],
    ['the message, temporarily', 451, '4.3.0 try again', 'onData', 'transient'],
    ['the sender', 553, '5.7.1 not yours', 'onMailFrom', 'unavailable'],
    ['everything, since it shuts down', 421, '4.3.2 closing', 'onRcptTo', 'unavailable']
  ]
  for (const [what, code, says, step, failure] of cases) {
    await t.test(what, async (t) => {
      const server = await mailServer(t, {
        [step](input: { resume?(): void }, _session: unknown, done: (error: Error) => void) {
          input.resume?.()
          done(refuse(code, says))
        }
      })
      const command = { onMailFrom: 'MAIL FROM', onRcptTo: 'RCPT TO', onData: 'DATA' }[step]
      const kind = step === 'onData' ? 'EMESSAGE' : 'EENVELOPE'
      const met = code === 421 ? 'ECONNECTION after CONN' : `${kind} after ${command}`
      t.strictSame(
        await failureOf(smtp(t, server.url).send('one', MESSAGE)),
        deliveryError(failure, `${met}, status ${code}`),
        'and what it says is not passed on, since it may name the recipient'
      )
    })
  }
})

test('an invalid address is refused permanently, and not sent to the server', async (t) => {
  const server = await mailServer(t)
  const mailer = smtp(t, server.url)
  for (const recipient of [
    'ada@example.org>\r\nRCPT TO:<eve@example.com',
    'ada@example.org, eve@example.com',
    'ada',
    ''
  ]) {
    t.strictSame(
      await failureOf(mailer.send('one', { ...MESSAGE, recipient })),
      deliveryError('permanent', 'the address is invalid')
    )
  }
  t.strictSame(server.received, [])
})

test('a server that is not running', async (t) => {
  const server = await mailServer(t)
  await server.close()
  const { failure, message } = await failureOf(smtp(t, server.url).send('one', MESSAGE))
  t.equal(failure, 'unavailable')
  t.match(message, /ECONNREFUSED/)
})

test('a URL without a port has the port of its scheme', async (t) => {
  for (const [url, port] of [
    ['smtp://127.0.0.1', 587],
    ['smtps://127.0.0.1', 465]
  ] as const) {
    const { failure, message } = await failureOf(smtp(t, url).send('one', MESSAGE))
    t.equal(failure, 'unavailable')
    t.match(message, `127.0.0.1:${port}`)
  }
})

test('an answer to a recipient that makes no sense is a transient failure', async (t) => {
  const url = await talking(t, (line) => (line.startsWith('RCPT') ? 'what?' : '250 ok'), '220 here')
  t.strictSame(
    await failureOf(smtp(t, url).send('one', MESSAGE)),
    deliveryError('transient', 'EENVELOPE after RCPT TO, status none')
  )
})

test('a server that hangs', async (t) => {
  const cases: [what: string, greeting: string | undefined, say: (line: string) => string | undefined][] = [
    ['before it greets', undefined, () => undefined],
    ['after it has greeted', '220 here', () => undefined],
    ['at the message', '220 here', (line) => (line.startsWith('DATA') ? undefined : '250 ok')],
    [
      'with the message in hand',
      '220 here',
      (line) => (line === 'DATA' ? '354 go on' : /^(EHLO|MAIL|RCPT)/.test(line) ? '250 ok' : undefined)
    ]
  ]
  for (const [what, greeting, say] of cases) {
    await t.test(what, async (t) => {
      const mailer = smtp(t, await talking(t, say, greeting), 300)
      t.equal((await failureOf(mailer.send('one', MESSAGE))).failure, 'unavailable')
    })
  }

  await t.test('is abandoned when the mailer is closed', async (t) => {
    const mailer = smtp(t, await talking(t, () => undefined, '220 here'))
    const sending = failureOf(mailer.send('one', MESSAGE))
    await new Promise((resolve) => setTimeout(resolve, 100))
    mailer.close()
    t.equal((await sending).failure, 'unavailable')
    t.equal((await failureOf(mailer.send('two', MESSAGE))).failure, 'unavailable')
  })
})

test('a server that dies in the middle of a message is unavailable', async (t) => {
  const server = await mailServer(t, {
    onData(stream, session) {
      stream.resume()
      const { connections } = this as unknown as { connections: Set<{ session: unknown; _socket: Socket }> }
      for (const connection of connections) if (connection.session === session) connection._socket.destroy()
    }
  })
  t.equal((await failureOf(smtp(t, server.url).send('one', MESSAGE))).failure, 'unavailable')
})

test('a connection that the server closed while it was idle is replaced', async (t) => {
  let sockets: Socket[] = []
  const server = await mailServer(t, {
    onConnect(_session, done) {
      const { connections } = this as unknown as { connections: Set<{ _socket: Socket }> }
      sockets = [...connections].map(({ _socket }) => _socket)
      done()
    }
  })
  const mailer = smtp(t, server.url)
  await mailer.send('one', MESSAGE)
  const [socket] = sockets
  await new Promise<void>((resolve) => {
    socket?.once('close', () => resolve())
    socket?.destroy()
  })
  // The client hears of it in one of the next turns of the event loop.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
  await mailer.send('two', MESSAGE)
  t.equal(server.received.length, 2)
})
