import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEFAULT_LANGUAGE, isTag } from './languages.ts'

/** The templates of the service, beside src/ in the sources and in the build. */
const OURS = fileURLToPath(new URL('../../../mail/', import.meta.url))

/** A file of templates. */
export interface TemplateFile {
  /** Its path in its folder, such as `de/reset-password.txt`. */
  name: string
  path: string
  content: string
}

/** Finds a file by its language and name. */
type Find = (tag: string, file: string) => TemplateFile | undefined

/** The files of templates: those in English at the root of a folder, those in other languages in `<language>/`. */
export interface TemplateFiles {
  /** The languages other than English. */
  readonly languages: readonly string[]
  /** A file of the service. */
  ours: Find
  /** A file of the operator. */
  theirs: Find
}

/**
 * @param folder the templates of the operator
 * @param problems those of the names of folders are added to it
 */
export function findTemplateFiles(folder: string | undefined, problems: Set<string>): TemplateFiles {
  const roots = folder === undefined ? [OURS] : [OURS, folder]
  return {
    languages: [...new Set(roots.flatMap((root) => findLanguages(root, problems)))].sort(),
    ours: findIn(OURS),
    theirs: folder === undefined ? () => undefined : findIn(folder)
  }
}

function findLanguages(root: string, problems: Set<string>): string[] {
  const folders = readdirSync(root).filter((name) => !name.startsWith('.') && statSync(join(root, name)).isDirectory())
  for (const name of folders) {
    if (name === DEFAULT_LANGUAGE) problems.add(`${join(root, name)}: the templates in English belong in ${root}`)
    else if (!isTag(name))
      problems.add(`${join(root, name)} must have the tag of a language as its name, such as pt-BR`)
  }
  return folders.filter((name) => name !== DEFAULT_LANGUAGE && isTag(name))
}

const findIn =
  (root: string): Find =>
  (tag, file) => {
    const name = tag === DEFAULT_LANGUAGE ? file : `${tag}/${file}`
    const path = join(root, name)
    if (!existsSync(path)) return undefined
    return { name, path, content: readFileSync(path, 'utf8').replaceAll('\r\n', '\n') }
  }
