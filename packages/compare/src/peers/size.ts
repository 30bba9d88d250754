import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** How much there is to read, and to keep up to date. */
export interface Size {
  /** Lines of source, without empty ones and comments. */
  lines: number
  /** Packages that an installation brings, with those that they need themselves. */
  packages: number
}

/** Sources, not tests: of Go they would be beside them. */
const SOURCE = /(?<!_test)\.(?:[jt]s|py|go|sql)$/

/** A line that is empty, or nothing but a comment or a line of a documentation string. */
const EMPTY = /^\s*(?:$|\/\/|\/?\*|#|--|""".*"""$)/

/** The lines of all sources in these folders. */
export function linesIn(folders: string[]): number {
  return folders
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => SOURCE.test(file))
        .map((file) => linesOf(readFileSync(join(folder, file), 'utf8')))
    )
    .reduce((sum, lines) => sum + lines, 0)
}

export const linesOf = (text: string) => text.split('\n').filter((line) => !EMPTY.test(line)).length

/** Of a package-lock.json: what is installed without devDependencies. */
export function lockedIn(file: string): number {
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; link?: boolean }>
  }
  const installed = Object.entries(packages).filter(
    ([path, { dev, devOptional, link }]) => path.startsWith('node_modules/') && !dev && !devOptional && !link
  )
  return installed.length
}

/** Of a requirements.txt: each line that pins a version. */
export const pinnedIn = (file: string) => readFileSync(file, 'utf8').match(/^[\w.[\]-]+==/gm)?.length ?? 0

/** Of a go.mod: each module that is required, directly or not. */
export const requiredIn = (file: string) => readFileSync(file, 'utf8').match(/^\t\S+ v\d/gm)?.length ?? 0
