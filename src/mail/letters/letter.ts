import type { Database } from '../../database/database.ts'

/** The link in a letter. */
export interface Link<Purpose extends string = string> {
  /** What its token is for: stored with the token. */
  readonly purpose: Purpose
  /** The page that it leads to. */
  readonly page: string
  /** How long its token is valid after the mail was last sent, in seconds. */
  readonly lifetime: number
  /**
   * When its token is issued and accepted, if it belongs to an account:
   * - `same password`, `same email`: only while the account has the password or address that it had when it was issued;
   * - `own address`: it is issued only if the account has the address that the token is about.
   */
  readonly requires: readonly ('same password' | 'same email' | 'own address')[]
}

/** What a token in a link is about. */
export interface TokenSubject {
  /** The account; none yet if the token ends a registration. */
  user?: string
  email: string
  /** How long it is valid, in seconds; that of the link unless stated. */
  lifetime?: number
  /** The versions that the account must still have; its current ones unless stated. */
  passwordVersion?: string | undefined
  emailVersion?: string | undefined
  /** The change of address that it undoes. */
  change?: string | undefined
}

/** What the outbox stores of a mail, as far as a letter depends on it. */
export interface MailContent {
  recipient: string
  user_id: string | null
  data: Record<string, string>
}

/**
 * The value of a placeholder: text; or what is written in the language of the letter: a duration, or a text of `texts.json`
 * with its numbers.
 */
export type Value = string | { seconds: number } | { text: string; numbers?: Record<string, number> }

/** What a letter says this time. */
export interface Content {
  /** The names of its files in mail/. */
  template: string
  recipient: string
  /** The language of its reader (BCP 47); null is the default language. */
  locale: string | null
  /** Escaped: no value can become HTML, a header or another recipient. */
  variables: Record<string, Value>
  token?: TokenSubject
}

/** The same, as each letter states it of itself: all its variables, and a token if it has a link. */
type OwnContent<Variable extends string, OwnLink> = Omit<Content, 'template' | 'variables' | 'token'> & {
  variables: Record<Variable, Value>
} & (OwnLink extends Link ? { token: TokenSubject } : { token?: never })

/** A kind of message: what it is filled with, and where its link leads. */
export interface Letter<
  Kind extends string = string,
  Variable extends string = string,
  OwnLink extends Link | undefined = Link | undefined
> {
  readonly kind: Kind
  /** The names of its files in mail/, `<template>.txt` and `<template>.html`: its kind, with hyphens. */
  readonly template: string
  /**
   * The placeholders of its own, in addition to `service` and `recipient`, and to `link` and `expires_in` if it has a link.
   */
  readonly variables: readonly Variable[]
  readonly link?: OwnLink
  /**
   * Looks up what the letter says. Called for each attempt to send a mail.
   *
   * @returns nothing if it has become pointless; the mail is then dropped
   */
  compose(mail: MailContent, database: Database): Promise<Content | undefined>
}

interface Definition<Kind, Variable extends string, OwnLink> {
  kind: Kind
  variables: readonly Variable[]
  link?: OwnLink
  /** May return the content of another letter, which then names its template. */
  compose(
    mail: MailContent,
    database: Database
  ): Promise<OwnContent<Variable, OwnLink> | (Content & { token?: never }) | undefined>
}

export function defineLetter<
  const Kind extends string,
  const Variable extends string,
  const OwnLink extends Link | undefined = undefined
>(definition: Definition<Kind, Variable, OwnLink>): Letter<Kind, Variable, OwnLink> {
  const template = definition.kind.replaceAll(' ', '-')
  return {
    ...definition,
    template,
    async compose(mail, database) {
      const content = await definition.compose(mail, database)
      return content && { template, ...content }
    }
  }
}
