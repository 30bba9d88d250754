import { connect, createServer, type Server, type Socket } from 'node:net'
import { atExit } from '@latchkey/compare/measure/at-exit'

/**
 * The mode of the proxy: `forward` passes everything on, `swallow` drops all data and keeps connections open, and
 * `reset` resets each connection.
 */
type Mode = 'forward' | 'swallow' | 'reset'

/** A TCP proxy on a port of its own. */
export class TcpProxy {
  readonly port: number
  /** The number of connections accepted so far. */
  accepted = 0
  #mode: Mode = 'forward'
  #target: number
  readonly #server: Server
  readonly #pairs = new Map<Socket, Socket | undefined>()

  private constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as { port: number }).port
    server.on('connection', (client: Socket) => this.#take(client))
    atExit(() => this.close())
  }

  static async before(target: number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new TcpProxy(server, target)
  }

  /** Sets the target of new connections. */
  aim(target: number): void {
    this.#target = target
  }

  behave(mode: Mode): void {
    if (mode === this.#mode) return
    this.#mode = mode
    if (mode === 'reset') this.cut()
    for (const [client, server] of this.#pairs) {
      if (mode === 'forward') this.#pass(client, server)
      else stop(client, server)
    }
  }

  /** Resets all connections. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy()
      server?.destroy()
    }
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  #take(client: Socket): void {
    this.accepted += 1
    client.on('error', () => {})
    if (this.#mode === 'reset') {
      client.resetAndDestroy()
      return
    }
    this.#pairs.set(client, undefined)
    client.on('close', () => {
      this.#pairs.get(client)?.destroy()
      this.#pairs.delete(client)
    })
    if (this.#mode === 'forward') this.#pass(client, undefined)
  }

  #pass(client: Socket, server: Socket | undefined): void {
    if (server) {
      client.pipe(server)
      server.pipe(client)
      return
    }
    const onward = connect(this.#target, '127.0.0.1')
    this.#pairs.set(client, onward)
    onward.on('error', () => client.resetAndDestroy()).on('close', () => client.destroy())
    client.pipe(onward)
    onward.pipe(client)
  }
}

function stop(client: Socket, server: Socket | undefined): void {
  client.unpipe()
  client.pause()
  server?.unpipe()
  server?.pause()
}
