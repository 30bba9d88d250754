import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from '../measure/at-exit.ts'
import { freePort } from '../measure/free-port.ts'
import type { Target } from '../measure/targets.ts'
import { Refusal } from '../refusal.ts'
import { LATCHKEY, Missing, PEERS, type Peer, type Prepared } from './peers.ts'
import { createDatabase, startServer } from './postgres.ts'
import { type Run, run as runProgram } from './run.ts'

export interface Options {
  /** The URL of a PostgreSQL on which databases may be created; a temporary one without it. */
  server: string | undefined
  /** Told what is left out, and why. */
  report: (what: string) => void
  run?: Run
  peers?: Peer[]
}

/** Services to measure, with databases of their own. */
export interface Opened {
  /** Latchkey first. */
  targets: Target[]
  versions: Record<string, string>
  close: () => void
}

/**
 * Prepares Latchkey and its peers, each with a database of its own on one server. A peer whose toolchain is missing is
 * left out.
 *
 * @throws Refusal if nothing would be compared, or there is no PostgreSQL
 */
export async function openPeers({ server, report, run = runProgram, peers = PEERS }: Options): Promise<Opened> {
  const scratch = mkdtempSync(join(tmpdir(), 'latchkey-compare-peers-'))
  const closings = [atExit(() => rmSync(scratch, { recursive: true, force: true }))]
  const close = () => {
    for (const undo of closings.splice(0).reverse()) undo()
  }
  try {
    const prepared = [LATCHKEY, ...peers].flatMap((peer) => preparedOf(peer, run, scratch, report))
    if (!prepared.some(({ peer }) => peer !== LATCHKEY)) throw new Refusal('none of the peers can be started here')
    const url = server ?? (await temporary(run, closings))
    const targets: Target[] = []
    for (const { peer, start } of prepared) {
      const database = createDatabase(url, run)
      closings.push(database.drop)
      targets.push(await targetOf(peer, start, database.url))
    }
    return { targets, versions: Object.assign({}, ...prepared.map(({ versions }) => versions)), close }
  } catch (error) {
    close()
    throw error
  }
}

function preparedOf(peer: Peer, run: Run, scratch: string, report: Options['report']): (Prepared & { peer: Peer })[] {
  try {
    return [{ peer, ...peer.prepare(run, scratch) }]
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    report(`${peer.name} is left out: ${error.message}`)
    return []
  }
}

async function temporary(run: Run, closings: (() => void)[]): Promise<string> {
  const { url, stop } = await startServer(run)
  closings.push(stop)
  return url
}

async function targetOf({ name, dialect, size, settings }: Peer, start: string, database: string): Promise<Target> {
  const port = `${await freePort()}`
  return {
    name,
    url: new URL(`http://127.0.0.1:${port}`),
    start,
    environment: {
      HOST: '127.0.0.1',
      PORT: port,
      DATABASE_URL: database,
      ...settings(randomBytes(32).toString('hex'))
    },
    size: size(),
    ...(dialect !== undefined && { dialect })
  }
}
