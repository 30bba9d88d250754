import { type Content, type Html, html } from '../pages/html.ts'
import { isolate } from '../pages/languages.ts'
import type { Draft } from './compose.ts'
import type { Value } from './letters/letter.ts'
import { matchLanguages } from './templates/languages.ts'
import { PLACEHOLDER, readTranslations, type Template, type Translation } from './templates/read.ts'

/** A message as it is sent. */
export interface Message {
  recipient: string
  /** The tag of its language (BCP 47). */
  language: string
  subject: string
  text: string
  html: string
}

/** What all templates share. */
export interface TemplateContext {
  /** The name of the service. */
  service: string
  /** The URL of a page with a token. */
  linkTo(page: string, token: string): string
}

/** The letters in all languages. */
export interface Templates {
  /** Renders a letter in the language of its reader; in English, as a whole, if it is not there in that language. */
  render(draft: Draft): Message
  /** The best language of letters that an `Accept-Language` header names; null if it names none. */
  localeOf(acceptLanguage: string | undefined): string | null
}

/**
 * Reads and checks the templates of all letters. Placeholders such as `{{name}}` are replaced by escaped text; templates have
 * no other features.
 *
 * @param folder files in it replace those of the service, and add languages
 * @throws TemplateError
 */
export function readTemplates(folder: string | undefined, { service, linkTo }: TemplateContext): Templates {
  const translations = readTranslations(folder)
  const byTag = new Map(translations.map((translation) => [translation.language.tag, translation]))
  const tags = [...byTag.keys()]

  /** The translation of a letter, which English always has. */
  function choose({ template, locale, variables }: Draft): Translation {
    const preferred = matchLanguages(tags, locale ?? '').map((tag) => byTag.get(tag) as Translation)
    const needed = Object.values(variables).flatMap((value) =>
      typeof value === 'object' && 'text' in value ? [value.text] : []
    )
    const [english] = translations
    const has = ({ templates, texts }: Translation) =>
      templates.has(template) && needed.every((text) => texts.has(text))
    return preferred.find(has) ?? english
  }

  return {
    localeOf: (acceptLanguage) => matchLanguages(tags, acceptLanguage)[0] ?? null,

    render(draft) {
      const { recipient, variables, token } = draft
      const { language, layout, footer, texts, templates } = choose(draft)
      const template = templates.get(draft.template) as Template

      function write(value: Value): string {
        if (typeof value === 'string') return value === recipient ? oneLine(value) : withoutLinks(oneLine(value))
        if ('seconds' in value) return language.duration(value.seconds)
        const numbers = Object.entries(value.numbers ?? {}).map(([name, number]) => [name, language.number(number)])
        return oneLine(fillText(String(texts.get(value.text)), Object.fromEntries(numbers)))
      }

      const given = Object.entries(variables).map(([name, value]) => [name, write(value)] as const)
      const shared = Object.entries({ service, recipient }).map(([name, value]) => [name, oneLine(value)] as const)
      const isolated = [...given, ...shared].map(([name, value]) => [name, isolate(language.direction, value)])
      const link = template.page !== undefined && { link: oneLine(linkTo(template.page, String(token))) }
      const values: Record<string, string> = { ...Object.fromEntries(isolated), ...link }
      const subject = fillText(template.subject, values)
      const framed = {
        ...values,
        subject,
        content: fillHtml(template.html, values),
        footer: fillText(footer, values),
        lang: language.tag,
        dir: language.direction
      }
      const text = fillText(template.text, values)
      return { recipient, language: language.tag, subject, text, html: String(fillHtml(layout, framed)) }
    }
  }
}

function fillText(content: string, values: Record<string, string>): string {
  return content.replaceAll(PLACEHOLDER, (_placeholder, name: string) => String(values[name]))
}

function fillHtml(content: string, values: Record<string, Content>): Html {
  // Between the parts are the names that the pattern captures.
  const pieces = content.split(PLACEHOLDER)
  const parts = pieces.filter((_piece, index) => index % 2 === 0)
  const names = pieces.filter((_piece, index) => index % 2 === 1)
  return html(parts, ...names.map((name) => values[name]))
}

/** Removes what could begin another line or a header, or disguise itself as other text. */
const oneLine = (value: string) => value.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')

/** U+2060 has no width, and is not part of a URL (RFC 3986) or a host name. */
const WORD_JOINER = '\u2060'

/**
 * Keeps mail programs from turning a name or address that somebody chose, such as `evil.example`, into a link. The address of
 * the reader stays as it is, so that it can be copied.
 */
const withoutLinks = (value: string) => value.replaceAll(/[.@:/]/g, `${WORD_JOINER}$&${WORD_JOINER}`)
