import { InvalidArgumentError } from 'commander'
import type { Size } from '../peers/size.ts'

/** A service that is measured. */
export interface Target {
  name: string
  url: URL
  /** The command that starts it, for a shell. */
  start?: string
  /** Variables that the command gets besides those of this process. */
  environment?: Record<string, string>
  /** The file of its dialect. */
  dialect?: string
  /** Of its sources, where they are known. */
  size?: Size
}

/** A value of `--start` or `--dialect`: the target, and the command or file. */
export type Choice = [name: string, value: string]

const NAME = /^[\w .+-]{1,24}$/

/** An argument such as `go=http://127.0.0.1:8080`. @throws InvalidArgumentError where it is none */
export function target(text: string, previous: Target[] = []): Target[] {
  const [name, address] = pair(text, 'a name and a URL, such as go=http://127.0.0.1:8080')
  if (!NAME.test(name) || name in {})
    throw new InvalidArgumentError(`"${name}" is no name: up to 24 letters, digits, and . _ + -`)
  if (previous.some((other) => other.name === name)) throw new InvalidArgumentError(`There are two called ${name}.`)
  if (!/^https?:/i.test(address) || !URL.canParse(address)) {
    throw new InvalidArgumentError(`${name}: "${address}" is not the URL of a server, such as http://127.0.0.1:8080.`)
  }
  const url = new URL(address)
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    throw new InvalidArgumentError(`${name}: give the server alone, ${url.origin}; paths belong into a dialect.`)
  }
  return [...previous, { name, url }]
}

/** An option such as `--start 'go=./server'`. @throws InvalidArgumentError where it is none */
export function choice(text: string, previous: Choice[] = []): Choice[] {
  const chosen = pair(text, 'the name of a target and its value, NAME=VALUE')
  if (previous.some(([name]) => name === chosen[0])) throw new InvalidArgumentError(`${chosen[0]} has it already.`)
  return [...previous, chosen]
}

/** Adds options to the targets. @throws InvalidArgumentError if one names an unknown target */
export function withChoices(targets: Target[], choices: Record<'start' | 'dialect', Choice[]>): Target[] {
  for (const [option, chosen] of Object.entries(choices)) {
    const stray = chosen.find(([name]) => !targets.some((target) => target.name === name))
    if (stray) {
      const names = targets.map(({ name }) => name).join(', ')
      throw new InvalidArgumentError(`--${option} speaks of ${stray[0]}, but the targets are ${names}.`)
    }
  }
  const of = (name: string, option: 'start' | 'dialect') => {
    const value = choices[option].find((chosen) => chosen[0] === name)?.[1]
    return value === undefined ? {} : { [option]: value }
  }
  return targets.map((target) => ({ ...target, ...of(target.name, 'start'), ...of(target.name, 'dialect') }))
}

function pair(text: string, what: string): [string, string] {
  const [name = '', ...value] = text.split('=')
  const both: [string, string] = [name.trim(), value.join('=').trim()]
  if (!both.every(Boolean)) throw new InvalidArgumentError(`"${text}" is not ${what}.`)
  return both
}
