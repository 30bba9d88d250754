import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Negotiator from 'negotiator'
import type english from '../../pages/texts.en.json'
import { canonicalTag, type Direction, directionOf, isolate } from './languages.ts'

/** The name of a text. */
export type TextKey = keyof typeof english

/** The keys of texts that begin with a word. */
export type KeysOf<Word extends string> = Extract<TextKey, `${Word}.${string}`>

/** The values for the placeholders of a text, such as `{when}`. */
export type TextValues = Record<string, string | number>

/** The texts of a language, and how it writes times. */
export interface Language {
  /** The tag for the attribute `lang` (BCP 47). */
  readonly tag: string
  readonly direction: Direction
  /** Whether there is a text of that name. */
  has(key: string): key is TextKey
  /** A text with its placeholders filled in: not HTML. */
  text(key: TextKey, values?: TextValues): string
  /** A day, such as "3 June 2026", in UTC. */
  date(time: Date): string
  /** How long ago, such as "2 days ago". @param now milliseconds since the epoch */
  ago(time: Date, now: number): string
  /** When, such as "in 5 minutes": seconds from now, in a larger unit, rounded up. */
  later(seconds: number): string
}

/** Chooses the language for an `Accept-Language` header (RFC 9110 §12.5.4): the best that there is, or English. */
export type ChooseLanguage = (acceptLanguage: string | undefined) => Language

/** The texts of the service, beside src/ in the sources and in the build. */
const OURS = fileURLToPath(new URL('../../pages/', import.meta.url))

const FILE = /^texts\.([\w-]+)\.json$/

const PLACEHOLDER = /\{(\w+)\}/g

type Texts = Record<string, string>

/**
 * Reads and checks the texts of all languages: `texts.<language>.json`, an object of texts.
 *
 * @param folder files in it add languages, and replace single texts of ours. What a regional variant such as `de-AT` lacks is
 *   taken from its language, and the rest from English.
 * @param faults what is wrong with the files of the folder is added to it
 */
export function readTexts(folder: string | undefined, faults: string[]): ChooseLanguage {
  const ours = readFolder(OURS, faults)
  const english = ours.get('en') as Texts
  const theirs = folder === undefined ? new Map<string, Texts>() : readFolder(folder, faults)
  for (const [tag, texts] of theirs) {
    faults.push(...compare(english, texts).map((fault) => `texts.${tag}.json: ${fault}`))
  }

  const textsOf = (tag: string): Texts => {
    const general = new Set(['en', new Intl.Locale(tag).language, tag])
    return Object.assign({}, ...[...general].flatMap((each) => [ours.get(each), theirs.get(each)]))
  }
  const languages = new Map([...ours.keys(), ...theirs.keys()].map((tag) => [tag, createLanguage(tag, textsOf(tag))]))
  // Where nothing is preferred, the first one is taken.
  const tags = [...languages.keys()].sort((one, other) => Number(other === 'en') - Number(one === 'en'))
  return (acceptLanguage) => {
    const [tag] = new Negotiator({ headers: { 'accept-language': acceptLanguage } }).languages(tags)
    return languages.get(tag ?? 'en') as Language
  }
}

function readFolder(folder: string, faults: string[]): Map<string, Texts> {
  const found = new Map<string, Texts>()
  for (const file of readdirSync(folder)) {
    const [, name] = FILE.exec(file) ?? []
    if (name === undefined) continue
    const tag = canonicalTag(name)
    const texts = parse(join(folder, file))
    if (tag === undefined) faults.push(`${file}: "${name}" is not the tag of a language`)
    else if (!texts) faults.push(`${file} must be a JSON object of texts`)
    else if (found.has(tag)) faults.push(`${file} is of a language that another file has`)
    else found.set(tag, texts)
  }
  return found
}

function parse(path: string): Texts | undefined {
  try {
    const texts: unknown = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
    const isObject = typeof texts === 'object' && texts !== null && !Array.isArray(texts)
    return isObject && Object.values(texts).every((text) => typeof text === 'string') ? (texts as Texts) : undefined
  } catch {
    return undefined
  }
}

/** The faults of texts: unknown keys, empty texts, and placeholders that the English text does not have. */
export function compare(english: Texts, texts: Texts): string[] {
  return Object.entries(texts).flatMap(([key, text]) => {
    if (!Object.hasOwn(english, key)) return [`unknown text "${key}"`]
    if (text.trim() === '') return [`"${key}" is empty`]
    const known = placeholdersOf(String(english[key]))
    const unknown = placeholdersOf(text).filter((each) => !known.includes(each))
    return unknown.map(
      (each) => `"${key}" has an unknown placeholder ${each}${known.length > 0 ? `; known: ${known}` : ''}`
    )
  })
}

const placeholdersOf = (text: string): string[] => text.match(PLACEHOLDER) ?? []

function createLanguage(tag: string, texts: Texts): Language {
  // Without a region, English would have the dates of the United States.
  const dates = new Intl.DateTimeFormat(tag === 'en' ? 'en-GB' : tag, { dateStyle: 'long', timeZone: 'UTC' })
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' })
  const exact = new Intl.RelativeTimeFormat(tag)
  const direction = directionOf(tag)
  return {
    tag,
    direction,
    has: (key): key is TextKey => Object.hasOwn(texts, key),
    text: (key, values = {}) =>
      String(texts[key]).replaceAll(PLACEHOLDER, (whole, name: string) =>
        isolate(direction, String(values[name] ?? whole))
      ),
    date: (time) => dates.format(time),
    ago(time, now) {
      const seconds = Math.max(0, (now - time.getTime()) / 1000)
      const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? SECOND
      return unit === 'second' ? relative.format(0, 'second') : relative.format(-Math.floor(seconds / length), unit)
    },
    later(seconds) {
      const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? SECOND
      return exact.format(Math.ceil(seconds / length), unit)
    }
  }
}

type Unit = [unit: Intl.RelativeTimeFormatUnit, seconds: number]

const SECOND: Unit = ['second', 1]

const UNITS: Unit[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60]
]
