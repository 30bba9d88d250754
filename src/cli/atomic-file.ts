import { existsSync } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'

/**
 * Writes a file that only its owner can read, whole or not at all: it has another name until it is on the disk.
 *
 * @throws where there is a file of that name already
 */
export async function writeWhole(path: string, texts: () => AsyncIterable<string | Uint8Array>): Promise<void> {
  if (existsSync(path)) throw new Error(`${path} is there already: choose another name, or move it away.`)
  const part = `${path}.${process.pid}.part`
  try {
    const file = await open(part, 'wx', 0o600)
    try {
      for await (const text of texts()) await file.appendFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    // Unlike a renaming, this does not replace what is there.
    await link(part, path)
  } finally {
    await rm(part, { force: true })
  }
}
