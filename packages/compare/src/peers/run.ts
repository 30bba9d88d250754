import { spawnSync } from 'node:child_process'

/** What a program that was run to its end has said, on both outputs. */
export interface Ran {
  isDone: boolean
  output: string
}

/** Runs a program to its end. One that is not there, or takes too long, is not done. */
export type Run = (
  program: string,
  words: string[],
  options?: { folder?: string; environment?: Record<string, string> }
) => Ran

/** Long enough for the first build of a service, in milliseconds. */
const TIMEOUT_MS = 300_000

export const run: Run = (program, words, { folder, environment } = {}) => {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    cwd: folder,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    timeout: TIMEOUT_MS
  })
  return { isDone: status === 0, output: error ? error.message : `${stdout}${stderr}`.trim() }
}
