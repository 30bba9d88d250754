import type { Test } from 'tap'
import { completed, handwrittenServer, refused, welcome } from '../../helpers/servers.ts'

interface Refused {
  /** With what those begin that are refused. */
  statement: string
  message: string
}

/** A server on which databases are made and dropped, and what it was asked; it may refuse some of that. */
export async function administered(t: Test, refusal?: Refused): Promise<{ url: string; statements: string[] }> {
  const statements: string[] = []
  const url = await handwrittenServer(t, (socket, { type, text }) => {
    if (type === '') socket.write(welcome)
    if (type !== 'Q') return
    statements.push(text)
    if (text.startsWith('SHOW'))
      socket.write(Buffer.concat([row('server_version', '15.8 (Debian 15.8-0)'), completed('SHOW')]))
    else if (refusal !== undefined && text.startsWith(refusal.statement))
      socket.write(refused('42501', refusal.message))
    else socket.write(completed('DONE'))
  })
  return { url, statements }
}

/** RowDescription and DataRow, of one column of text. */
function row(name: string, value: string): Buffer {
  const description = Buffer.alloc(18)
  description.writeInt32BE(25, 6)
  description.writeInt16BE(-1, 10)
  const length = Buffer.alloc(4)
  length.writeInt32BE(value.length)
  return Buffer.concat([
    message('T', Buffer.concat([ONE, Buffer.from(`${name}\0`), description])),
    message('D', Buffer.concat([ONE, length, Buffer.from(value)]))
  ])
}

const ONE = Buffer.from([0, 1])

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
