import { existsSync } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'

/**
 * Writes a new file atomically: it has a temporary name until it is complete and synced to disk. Only its owner can read
 * it.
 *
 * @throws Error if the file already exists
 */
export async function writeNewFile(path: string, chunks: () => AsyncIterable<string | Uint8Array>): Promise<void> {
  if (existsSync(path)) throw new Error(`${path} already exists: choose another name, or move the file.`)
  const part = `${path}.${process.pid}.part`
  try {
    const file = await open(part, 'wx', 0o600)
    try {
      for await (const chunk of chunks()) await file.appendFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    // Unlike `rename`, `link` does not replace an existing file.
    await link(part, path)
  } finally {
    await rm(part, { force: true })
  }
}
