import type { Ran, Run } from '../../src/peers/run.ts'

/** A program that was run: its words in one line, and the variables that it got. */
export interface Call {
  line: string
  environment: Record<string, string>
}

/** Runs nothing: each program is done without a word, unless an answer begins as its line does. */
export function pretend(answers: Record<string, Partial<Ran>> = {}) {
  const calls: Call[] = []
  const run: Run = (program, words, { environment = {} } = {}) => {
    const line = [program, ...words].join(' ')
    calls.push({ line, environment })
    const known = Object.keys(answers).find((start) => line.startsWith(start))
    return { isDone: true, output: '', ...(known !== undefined && answers[known]) }
  }
  return { run, calls }
}
