/**
 * A mail server that appends the Message-ID of each mail to a file before it acknowledges it. Arguments: port, file.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

const [port, path] = process.argv.slice(2) as [string, string]
const file = openSync(path, 'a')

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  disableReverseLookup: true,
  onData(stream, _session, done) {
    text(stream).then((message) => {
      const [, id = 'none'] = /^Message-ID: <([^@]+)@/m.exec(message) ?? []
      writeSync(file, `${id}\n`)
      done()
    }, done)
  }
})
server.on('error', () => {})
server.listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => server.close(() => closeSync(file)))
