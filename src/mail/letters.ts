import * as all from './letters/index.ts'
import type { Letter, Link } from './letters/letter.ts'

type Known = (typeof all)[keyof typeof all]

export type LetterKind = Known['kind']

/** What the token of a link is for. */
export type Purpose = Extract<Known['link'], Link>['purpose']

/** All letters. */
export const LETTERS: readonly Letter<LetterKind, string, Link<Purpose> | undefined>[] = Object.values(all)

/** The links of letters by the purpose of their token. That of an invitation is a password reset, valid for longer. */
export const LINKS = Object.fromEntries(
  LETTERS.flatMap(({ kind, link }) => (link && kind !== 'invitation' ? [[link.purpose, link]] : []))
) as Record<Purpose, Link>
