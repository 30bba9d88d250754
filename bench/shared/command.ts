import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { cpuTime } from '@latchkey/compare/measure/local-processes'
import { residentMemory } from './processes.ts'
import { Service } from './service.ts'

/** The result of a command: wall and processor time in milliseconds, peak memory in bytes, and its answer. */
export interface Ended {
  time: number
  busy: number
  memory: number
  code: number | null
  sum: Record<string, number>
}

/** Creates the database of an environment by starting the service once; commands do not create it. */
export async function makeDatabase(environment: Record<string, string>): Promise<void> {
  const service = await Service.start({ environment })
  const { code } = await service.stop()
  if (code !== 0) throw new Error(`the service ended with ${code}:\n${service.log()}`)
}

/** Runs a built command to its end, or kills it a second after its first progress. Linux only. */
export async function runCommand(
  environment: NodeJS.ProcessEnv,
  words: string[],
  { killed = false } = {}
): Promise<Ended> {
  const start = performance.now()
  const child = spawn(process.execPath, ['dist/src/latchkey.js', '--json', ...words], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  child.stderr.on('data', (said) => {
    if (killed && /\d (?:account|row)/.test(String(said))) setTimeout(() => child.kill('SIGKILL'), 1000)
  })
  const pid = child.pid as number
  const output = text(child.stdout)
  let [memory, busy] = [0, 0]
  const ended = new Promise((resolve) => child.once('exit', resolve))
  while (child.exitCode === null && child.signalCode === null) {
    memory = Math.max(memory, residentMemory(pid, 'VmHWM'))
    busy = Math.max(busy, cpuTime([pid]))
    await Promise.race([ended, pause(50)])
  }
  const time = performance.now() - start
  return { time, memory, busy, code: child.exitCode, sum: JSON.parse((await output) || '{}') }
}
