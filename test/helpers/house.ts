import { dirname, join } from 'node:path/posix'
import ts from 'typescript'

/** The rooms and single files of src/ by floor, lowest first. Each imports only from itself and from lower floors. */
export const FLOORS: readonly (readonly string[])[] = [
  ['clock.ts', 'errors.ts', 'plural.ts', 'printable.ts', 'version.ts'],
  ['observability'],
  ['schemas', 'http', 'concurrency'],
  ['config', 'passwords', 'transport'],
  ['app-options.ts', 'database', 'pages'],
  ['secrets', 'users', 'audit', 'outbox', 'transfer'],
  ['keys', 'sessions', 'limits', 'factors', 'mail', 'providers'],
  ['tokens', 'admin', 'doctor'],
  ['flows', 'backups'],
  ['app.ts', 'signals.ts', 'fastify-cli.d.ts'],
  ['cli', 'plugin'],
  ['server.ts'],
  ['latchkey.ts', 'migrate.ts']
]

/** The only file of src/ that imports plugins. */
const APP = 'src/app.ts'

/** The layers that each layer may import from, besides its own. */
const LAYERS: Record<string, readonly string[]> = {
  src: [],
  plugins: ['src'],
  routes: ['plugins', 'src'],
  commands: ['plugins', 'src']
}

/** The files that may import Fastify and its plugins. */
const WITH_FASTIFY = [
  /^(plugins|routes)\//,
  /^src\/(app|server)\.ts$/,
  /^src\/fastify-cli\.d\.ts$/,
  /^src\/(transport|observability|cli|plugin)\//
]

const MAX = { lines: 300, filesOfARoom: 14, filesOfSrc: 12, filesOfPlugins: 8 }

/**
 * Checks the structure of the product against the floors, the layers and the limits on sizes.
 *
 * @param files the source of each file, by its path relative to the repository root
 * @returns one line for each violation
 */
export function checkHouse(files: ReadonlyMap<string, string>): string[] {
  const imports = new Map([...files].map(([path, source]) => [path, importsOf(path, source)]))
  return [
    ...[...imports].flatMap(([path, { own, packages }]) => [
      ...own.flatMap((target) => checkImport(path, target, files)),
      ...packages.filter(isFastify).flatMap((name) => checkFastify(path, name))
    ]),
    ...[...files.keys()].filter(isOnNoFloor).map((path) => `${path} is on no floor`),
    ...checkFolders([...files.keys()]),
    ...[...files].flatMap(([path, source]) => checkLength(path, source)),
    ...findCircles(files)
  ]
}

interface Imports {
  /** Paths relative to the repository root. */
  own: string[]
  packages: string[]
}

/** All imports of a file, including those of types. */
export function importsOf(path: string, source: string): Imports {
  const names = ts.preProcessFile(source).importedFiles.map(({ fileName }) => fileName)
  return {
    own: names.filter((name) => name.startsWith('.')).map((name) => join(dirname(path), name)),
    packages: names.filter((name) => !name.startsWith('.'))
  }
}

function checkImport(path: string, target: string, files: ReadonlyMap<string, string>): string[] {
  // Of the texts of pages, the type is imported.
  if (target === 'pages/texts.en.json') return []
  if (!files.has(target)) return [`${path} imports ${target}, which is not part of the product`]
  const [from, to] = [layerOf(path), layerOf(target)]
  if (path === APP && to === 'plugins') return []
  if (from !== to) return LAYERS[from]?.includes(to) ? [] : [`${path} imports ${target}: ${from} may not import ${to}`]
  if (from !== 'src' || roomOf(path) === roomOf(target)) return []
  return heightOf(target) < heightOf(path) ? [] : [`${path} imports ${target}, which is not on a lower floor`]
}

const layerOf = (path: string) => path.split('/')[0] as string

/** The directory directly below src/ that contains the file, or the name of a file that stands in src/ itself. */
const roomOf = (path: string) => path.split('/')[1] as string

const heightOf = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(path)))

/** Whether a package is Fastify or one of its plugins. Imports of types count too. */
const isFastify = (name: string) => /^(@fastify\/|fastify($|-|\/))/.test(name)

const checkFastify = (path: string, name: string) =>
  WITH_FASTIFY.some((place) => place.test(path)) ? [] : [`${path} imports ${name}: this file may not import Fastify`]

const isOnNoFloor = (path: string) => layerOf(path) === 'src' && heightOf(path) < 0

function checkFolders(paths: string[]): string[] {
  return [...new Set(paths.map(dirname))].flatMap((folder) => {
    const count = paths.filter((path) => dirname(path) === folder).length
    const max = maxFilesIn(folder)
    return count > max ? [`${folder}/ has ${count} files; the limit is ${max}`] : []
  })
}

function maxFilesIn(folder: string): number {
  if (folder === 'src') return MAX.filesOfSrc
  if (folder === 'plugins') return MAX.filesOfPlugins
  return folder.startsWith('src/') ? MAX.filesOfARoom : Number.POSITIVE_INFINITY
}

function checkLength(path: string, source: string): string[] {
  const lines = source.split('\n').length - 1
  return lines > MAX.lines ? [`${path} has ${lines} lines; the limit is ${MAX.lines}`] : []
}

/**
 * Finds circular imports, including those of types.
 *
 * @param files the source of each file, by its path relative to the repository root
 * @returns one line for each circle
 */
export function findCircles(files: ReadonlyMap<string, string>): string[] {
  const imports = new Map([...files].map(([path, source]) => [path, importsOf(path, source).own]))
  const found = new Set<string>()
  const done = new Set<string>()
  function follow(path: string, trail: string[]): void {
    const start = trail.indexOf(path)
    if (start >= 0) found.add(trail.slice(start).sort().join(' and '))
    if (start >= 0 || done.has(path)) return
    for (const target of imports.get(path) ?? []) follow(target, [...trail, path])
    done.add(path)
  }
  for (const path of imports.keys()) follow(path, [])
  return [...found].map((files) => `${files} import each other in a circle`)
}
