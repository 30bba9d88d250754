import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { SECRETS } from './environment.ts'

/** The maximum size of a file, in bytes. */
const MAX_BYTES = 65_536

/** The secrets that were read from files, by the name of their setting, and what is wrong with those that were not. */
export interface SecretsRead {
  secrets: Record<string, string>
  /** By the name of the setting. */
  faults: Map<string, string>
}

/**
 * Reads the secrets whose file is named by `NAME_FILE` in place of `NAME`, as orchestrators mount them. One line break at
 * the end does not belong to the secret.
 */
export function readSecretFiles(environment: NodeJS.ProcessEnv): SecretsRead {
  const secrets: Record<string, string> = {}
  const faults = new Map<string, string>()
  for (const name of SECRETS) {
    const path = environment[`${name}_FILE`]
    if (!path?.trim()) continue
    if (environment[name]?.trim()) {
      faults.set(name, `${name} and ${name}_FILE are both set: remove one of the two`)
      continue
    }
    try {
      secrets[name] = readSecret(path)
    } catch (error) {
      faults.set(name, `${name}_FILE must be the path of a file with the secret: ${reasonOf(error as Error)}`)
    }
  }
  return { secrets, faults }
}

function readSecret(path: string): string {
  const stats = statSync(path)
  // Reading from a pipe or device could block forever.
  if (!stats.isFile()) throw new Error('it is not a file')
  if (stats.size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`)
  const content = readFileSync(path)
  if (!isUtf8(content) || content.includes(0)) throw new Error('it is not text in UTF-8')
  // Some editors begin a file with a byte order mark.
  const secret = content
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .replace(/\r?\n$/, '')
  if (!secret.trim()) throw new Error('it is empty')
  return secret
}

/** The reason without the path, which is the secret itself if it was put into the wrong setting. */
function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code === undefined ? message : `it cannot be read (${code})`
}
