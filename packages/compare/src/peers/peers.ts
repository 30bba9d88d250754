import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Run } from './run.ts'
import { linesIn, lockedIn, pinnedIn, requiredIn, type Size } from './size.ts'

/** The checkout, and the folder of the peers. */
const CHECKOUT = fileURLToPath(new URL('../../../../', import.meta.url))
const FOLDER = fileURLToPath(new URL('../../peers/', import.meta.url))
const DIALECTS = fileURLToPath(new URL('../../../contract/dialects/', import.meta.url))

/** A service that can be started. */
export interface Prepared {
  /** For a shell. */
  start: string
  /** Of the languages and libraries. */
  versions: Record<string, string>
}

/** A service that cannot be started here. The message says what is missing, and how to get it. */
export class Missing extends Error {}

/** An implementation of the small API that this checkout brings. */
export interface Peer {
  name: string
  /** The file of its dialect, if it has one. */
  dialect?: string
  /**
   * Finds the toolchain, and builds what has to be built.
   * @param scratch a folder for what is built
   * @throws Missing
   */
  prepare: (run: Run, scratch: string) => Prepared
  size: () => Size
  /** Its settings, for a database, a port, and a secret that only this run knows. */
  settings: (secret: string) => Record<string, string>
}

/** Latchkey itself: the ratios are to it. */
export const LATCHKEY: Peer = {
  name: 'latchkey',
  prepare(run) {
    const { isDone, output } = run(process.execPath, ['build.mjs'], { folder: CHECKOUT })
    if (!isDone) throw new Missing(`it does not build:\n${output}`)
    // As `npm start` does.
    const server = join(CHECKOUT, 'dist/src/server.js')
    return { start: `exec ${quoted(process.execPath)} --max-semi-space-size=8 ${quoted(server)}`, versions: {} }
  },
  size: () => ({
    lines: linesIn(['src', 'plugins', 'routes', 'commands', 'sql'].map((folder) => join(CHECKOUT, folder))),
    packages: lockedIn(join(CHECKOUT, 'package-lock.json'))
  }),
  settings: (secret) => ({ SECRET_KEY: secret, LIMITS: 'off' })
}

/** Prints the versions of what the service imports, if it is all there. */
const PYTHON_VERSIONS = `
import json, platform, sys
import asyncpg, bcrypt, email_validator, fastapi, httptools, jwt, pydantic, uvicorn, uvloop
assert sys.version_info >= (3, 11)
print(json.dumps({"python": platform.python_version(), "fastapi": fastapi.__version__,
    "pydantic": str(pydantic.VERSION), "uvicorn": uvicorn.__version__}))`

const FASTAPI: Peer = {
  name: 'fastapi',
  dialect: join(DIALECTS, 'fastapi.json'),
  prepare(run) {
    const folder = join(FOLDER, 'fastapi')
    // That of an active virtual environment, or else of the system: another may come first on the PATH.
    for (const python of ['python3', '/usr/bin/python3']) {
      const { isDone, output } = run(python, ['-c', PYTHON_VERSIONS])
      if (isDone) return { start: `cd ${quoted(folder)} && exec ${python} -m accounts`, versions: JSON.parse(output) }
    }
    throw new Missing(
      `Python 3.11 or later with the packages of ${folder}/requirements.txt is needed: pip install -r it, or apt-get install python3-fastapi python3-uvicorn python3-uvloop python3-httptools python3-asyncpg python3-bcrypt python3-jwt python3-email-validator`
    )
  },
  size: () => ({
    lines: linesIn([join(FOLDER, 'fastapi')]),
    packages: pinnedIn(join(FOLDER, 'fastapi/requirements.txt'))
  }),
  settings: (secret) => ({ JWT_SECRET: secret })
}

const NET_HTTP: Peer = {
  name: 'net-http',
  dialect: join(DIALECTS, 'net-http.json'),
  prepare(run, scratch) {
    const version = run('go', ['env', 'GOVERSION'])
    if (!version.isDone) {
      throw new Missing(
        'Go is needed: apt-get install golang-go golang-github-jackc-pgx-v4-dev golang-github-golang-jwt-jwt-dev golang-golang-x-crypto-dev golang-golang-x-text-dev'
      )
    }
    const program = join(scratch, 'net-http')
    const { isDone, output } = run(join(FOLDER, 'net-http/build.sh'), [program])
    if (!isDone) throw new Missing(`it does not build:\n${output}`)
    return { start: `exec ${quoted(program)}`, versions: { go: version.output.replace(/^go/, '') } }
  },
  size: () => ({ lines: linesIn([join(FOLDER, 'net-http')]), packages: requiredIn(join(FOLDER, 'net-http/go.mod')) }),
  settings: (secret) => ({ JWT_SECRET: secret })
}

export const PEERS = [FASTAPI, NET_HTTP]

export const PEER_NAMES = [LATCHKEY, ...PEERS].map(({ name }) => name)

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
