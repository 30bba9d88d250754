/** The direction in which a language is written, for the attribute `dir`. */
export type Direction = 'ltr' | 'rtl'

/** The scripts that are written from right to left. */
const RIGHT_TO_LEFT = ['Adlm', 'Arab', 'Hebr', 'Mand', 'Nkoo', 'Rohg', 'Syrc', 'Thaa']

/** The canonical form of the tag of a language (BCP 47); undefined if it is none. */
export function canonicalTag(name: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(name)[0]
  } catch {
    return undefined
  }
}

/** The direction of the script that a language is usually written in, or that its tag names. */
export function directionOf(tag: string): Direction {
  const { script } = new Intl.Locale(tag).maximize()
  return RIGHT_TO_LEFT.includes(String(script)) ? 'rtl' : 'ltr'
}

/** Embeddings, overrides and isolates. Any of them, U+2069 above all, may end the isolation of the text that has it. */
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g

/** Removes the characters that reorder the text around them (Unicode UAX #9). */
export const withoutBidiControls = (text: string): string => text.replaceAll(BIDI_CONTROLS, '')

/** The blocks of scripts that are written from right to left. */
const FROM_RIGHT = /[\u0590-\u08FF\uFB1D-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u

/** Keeps a name or an address from reordering the text around it (Unicode UAX #9, FSI and PDI). */
export function isolate(direction: Direction, value: string): string {
  const text = withoutBidiControls(value)
  return direction === 'rtl' || FROM_RIGHT.test(text) ? `\u2068${text}\u2069` : text
}
