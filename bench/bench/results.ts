import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf, Refusal } from '@latchkey/compare/refusal'
import { type Result, readResult } from '@latchkey/compare/report/result'

type Settings = Result['settings']

/** The settings that figures depend on. Rounds and seconds only affect their precision. */
const SAME = ['connections', 'clients', 'storm', 'cost'] as const satisfies (keyof Settings)[]

/** @param from the source of the name, which starts the error message */
export function readBench(from: string, file: string): Result {
  const result = read(from, file)
  if (result.kind === 'bench') return result
  throw new Refusal(`${from}: ${file} holds a comparison of services, and no result of this.`)
}

/** Describes the settings in which an earlier result differs; undefined if both can be compared. */
export function difference(settings: Settings, earlier: Settings): string | undefined {
  const other = SAME.filter((name) => settings[name] !== earlier[name])
  if (other.length === 0) return undefined
  return other.map((name) => `${name} ${earlier[name]} in place of ${settings[name]}`).join(', ')
}

/**
 * Finds the newest comparable result in the directory. Skips files without a result or with one of another format.
 *
 * @param tell called for each skipped file
 * @param before the file of a result in the directory: only older ones count
 */
export function lastResult(
  folder: string,
  settings: Settings,
  tell: (what: string) => void,
  before?: string
): Result | undefined {
  const files = dated(folder).map(({ name }) => join(folder, name))
  const index = before === undefined ? -1 : files.indexOf(resolve(before))
  for (const file of files.slice(0, index === -1 ? files.length : index).reverse()) {
    const result = readable(file, tell)
    if (result && difference(settings, result.settings) === undefined) return result
  }
  return undefined
}

function readable(file: string, tell: (what: string) => void): Result | undefined {
  try {
    return readBench('passed over', file)
  } catch (error) {
    tell(messageOf(error))
    return undefined
  }
}

/** The path for a new result: dated, and numbered if the day has others. */
export function nextFile(folder: string, at: Date): string {
  const day = at.toISOString().slice(0, 10)
  const last = dated(folder).findLast((file) => file.day === day)
  return join(folder, `bench-${day}${last ? `-${last.number + 1}` : ''}.json`)
}

/** Oldest first. */
function dated(folder: string) {
  const files = readdirSync(folder).flatMap((name) => {
    const [, day, number = '1'] = /^bench-(\d{4}-\d\d-\d\d)(?:-(\d+))?\.json$/.exec(name) ?? []
    return day === undefined ? [] : [{ name, day, number: Number(number) }]
  })
  return files.sort((one, other) => one.day.localeCompare(other.day) || one.number - other.number)
}

function read(from: string, file: string): Result {
  try {
    return readResult(file)
  } catch (error) {
    throw new Refusal(`${from}: ${messageOf(error)}`)
  }
}
