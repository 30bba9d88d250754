import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { Test } from 'tap'

/** Has a folder be as one of another user is: for as long as the test runs, nothing in it can be looked for. */
export function denied(t: Test, folder: string): void {
  const { statSync } = fs
  const value = (path: string, options: fs.StatSyncOptions) => {
    if (!path.startsWith(`${folder}/`)) return statSync(path, options)
    throw Object.assign(new Error(`EACCES: permission denied, stat '${path}'`), { code: 'EACCES' })
  }
  t.teardown(syncBuiltinESMExports)
  t.intercept(fs, 'statSync', { value })
  syncBuiltinESMExports()
}
