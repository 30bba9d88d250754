import { dirname, join } from 'node:path/posix'
import ts from 'typescript'

/** src/ from the ground up: rooms, and the files that stand in none. Each imports from itself and from lower floors. */
export const FLOORS: readonly (readonly string[])[] = [
  ['clock.ts', 'errors.ts', 'plural.ts', 'printable.ts', 'version.ts'],
  ['observability'],
  ['schemas', 'http', 'concurrency'],
  ['config', 'passwords', 'transport'],
  ['app-options.ts', 'database', 'pages'],
  ['secrets', 'users', 'audit', 'outbox', 'transfer'],
  ['keys', 'sessions', 'limits', 'factors', 'mail'],
  ['tokens', 'admin', 'doctor'],
  ['flows', 'backups'],
  ['app.ts', 'signals.ts', 'fastify-cli.d.ts'],
  ['cli'],
  ['server.ts', 'latchkey.ts', 'migrate.ts']
]

/** It alone puts src/ and plugins/ together. */
const APP = 'src/app.ts'

/** What the files of a layer may import from, beside themselves. */
const LAYERS: Record<string, readonly string[]> = {
  src: [],
  plugins: ['src'],
  routes: ['plugins', 'src'],
  commands: ['plugins', 'src']
}

/** Where Fastify and its plugins may be imported: everything else in src/ is free of it. */
const WITH_FASTIFY = [
  /^(plugins|routes)\//,
  /^src\/(app|app-options|server)\.ts$/,
  /^src\/fastify-cli\.d\.ts$/,
  /^src\/(transport|observability|cli)\//
]

const MOST = { lines: 300, filesOfARoom: 14, filesOfSrc: 12, filesOfPlugins: 8 }

/**
 * Judges the structure of the product.
 *
 * @param files the source of each file by its path from the root, with `/`
 * @returns a line for each fault; none where the house is in order
 */
export function judgeHouse(files: ReadonlyMap<string, string>): string[] {
  const imports = new Map([...files].map(([path, source]) => [path, importsOf(path, source)]))
  return [
    ...[...imports].flatMap(([path, { own, packages }]) => [
      ...own.flatMap((target) => judgeImport(path, target, files)),
      ...packages.filter(isFastify).flatMap((name) => judgeFastify(path, name))
    ]),
    ...[...files.keys()].filter(isOnNoFloor).map((path) => `${path} is on no floor`),
    ...judgeFolders([...files.keys()]),
    ...[...files].flatMap(([path, source]) => judgeLength(path, source)),
    ...circles(new Map([...imports].map(([path, { own }]) => [path, own])))
  ]
}

interface Imports {
  /** Paths from the root. */
  own: string[]
  packages: string[]
}

/** All that a file imports, types included. */
export function importsOf(path: string, source: string): Imports {
  const names = ts.preProcessFile(source).importedFiles.map(({ fileName }) => fileName)
  return {
    own: names.filter((name) => name.startsWith('.')).map((name) => join(dirname(path), name)),
    packages: names.filter((name) => !name.startsWith('.'))
  }
}

function judgeImport(path: string, target: string, files: ReadonlyMap<string, string>): string[] {
  if (!files.has(target)) return [`${path} imports ${target}, which is not part of the product`]
  const [from, to] = [layerOf(path), layerOf(target)]
  if (path === APP && to === 'plugins') return []
  if (from !== to) return LAYERS[from]?.includes(to) ? [] : [`${path} imports ${target}: ${from} may not import ${to}`]
  if (from !== 'src' || roomOf(path) === roomOf(target)) return []
  return heightOf(target) < heightOf(path) ? [] : [`${path} imports ${target}, which is not on a lower floor`]
}

const layerOf = (path: string) => path.split('/')[0] as string

/** The directory of src/ that has the file, at any depth, or else the file itself. */
const roomOf = (path: string) => path.split('/')[1] as string

const heightOf = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(path)))

/** Type imports count: who knows a type of Fastify's depends on it. */
const isFastify = (name: string) => /^(@fastify\/|fastify($|-|\/))/.test(name)

const judgeFastify = (path: string, name: string) =>
  WITH_FASTIFY.some((place) => place.test(path)) ? [] : [`${path} imports ${name}: it may not know Fastify`]

const isOnNoFloor = (path: string) => layerOf(path) === 'src' && heightOf(path) < 0

function judgeFolders(paths: string[]): string[] {
  return [...new Set(paths.map(dirname))].flatMap((folder) => {
    const count = paths.filter((path) => dirname(path) === folder).length
    const most = mostIn(folder)
    return count > most ? [`${folder}/ has ${count} files, and may have ${most}`] : []
  })
}

function mostIn(folder: string): number {
  if (folder === 'src') return MOST.filesOfSrc
  if (folder === 'plugins') return MOST.filesOfPlugins
  return folder.startsWith('src/') ? MOST.filesOfARoom : Number.POSITIVE_INFINITY
}

function judgeLength(path: string, source: string): string[] {
  const lines = source.split('\n').length - 1
  return lines > MOST.lines ? [`${path} has ${lines} lines, and may have ${MOST.lines}`] : []
}

/** Imports that lead back to where they began, each circle once. */
function circles(imports: ReadonlyMap<string, string[]>): string[] {
  const found = new Set<string>()
  const done = new Set<string>()
  function follow(path: string, way: string[]): void {
    const start = way.indexOf(path)
    if (start >= 0) found.add(way.slice(start).sort().join(' and '))
    if (start >= 0 || done.has(path)) return
    for (const target of imports.get(path) ?? []) follow(target, [...way, path])
    done.add(path)
  }
  for (const path of imports.keys()) follow(path, [])
  return [...found].map((files) => `${files} import one another in a circle`)
}
