import Negotiator from 'negotiator'
import { canonicalTag, type Direction, directionOf } from '../../pages/languages.ts'

/** A language as a letter needs it, apart from its texts. */
export interface LetterLanguage {
  /** BCP 47. */
  readonly tag: string
  readonly direction: Direction
  /** A duration in its largest unit up to days, such as "24 hours". */
  duration(seconds: number): string
  number(value: number): string
}

/** The language of letters that have no other, and of what another language lacks. */
export const DEFAULT_LANGUAGE = 'en'

export function createLetterLanguage(tag: string): LetterLanguage {
  return {
    tag,
    direction: directionOf(tag),
    duration(seconds) {
      const [unit, length] = UNITS.find(([, , below]) => seconds < below) ?? DAY
      return new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / length)
    },
    number: (value) => new Intl.NumberFormat(tag).format(value)
  }
}

type Unit = [name: string, seconds: number, below: number]

const DAY: Unit = ['day', 86_400, Number.POSITIVE_INFINITY]

const UNITS: Unit[] = [
  ['minute', 60, 3600],
  ['hour', 3600, 86_401]
]

/**
 * The languages that a list of ranges names, as in an `Accept-Language` header (RFC 9110 §12.5.4), the best first. `*` names
 * none.
 *
 * @param tags the languages that there are
 * @param ranges such a header, or a single tag
 */
export function matchLanguages(tags: readonly string[], ranges = ''): string[] {
  const named = ranges.split(',').filter((range) => !range.trim().startsWith('*'))
  return new Negotiator({ headers: { 'accept-language': named.join() } }).languages([...tags])
}

/** Whether the name of a folder is the tag of a language in its canonical form. */
export const isTag = (name: string): boolean => canonicalTag(name) === name
