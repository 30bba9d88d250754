import { connect, type Socket } from 'node:net'

export function openSocket(base: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1')
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

/** Sends the text and waits until the connection is closed. @returns the received text */
export function send(socket: Socket, text: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        received += chunk
      })
    socket.once('close', () => resolve(received))
    if (socket.destroyed) resolve(received)
    else socket.write(text)
  })
}
