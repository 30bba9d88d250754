import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { arch, cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Result } from '../report/result.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Describes the machine on which figures are measured. */
export function machine(): Result['machine'] {
  return {
    // A kernel that does not know the name of its processor knows its kind.
    processor: [
      ...cpus()
        .slice(0, 1)
        .map(({ model }) => model.trim()),
      arch()
    ]
      .join(' ')
      .trim(),
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 20),
    system: `${type()} ${release()}`
  }
}

export function versions(): Result['versions'] {
  const own = ['fastify', 'bcrypt', 'autocannon'].map((name) => [name, versionOf(name)] as const)
  return { node: process.versions.node, ...Object.fromEntries(own) }
}

/** That of the tool; with a word where files have changed since. */
export function commit(folder = HERE): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=10'], {
      encoding: 'utf8',
      cwd: folder,
      stdio: 'pipe'
    }).trim()
  } catch {
    return 'unknown'
  }
}

const require = createRequire(import.meta.url)

const versionOf = (name: string): string => require(`${name}/package.json`).version
