import * as all from './letters/index.ts'
import type { Letter, Link } from './letters/letter.ts'

type Known = (typeof all)[keyof typeof all]

export type LetterKind = Known['kind']

/** What the token of a link is for. */
export type Purpose = Extract<Known['link'], Link>['purpose']

/** All letters. */
export const LETTERS: readonly Letter<LetterKind, string, Link<Purpose> | undefined>[] = Object.values(all)

/** The links of letters by the purpose of their token. */
export const LINKS = Object.fromEntries(LETTERS.flatMap(({ link }) => (link ? [[link.purpose, link]] : []))) as Record<
  Purpose,
  Link
>
