import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Content, type Html, html } from '../pages/html.ts'
import type { Draft } from './compose.ts'
import { LETTERS } from './letters.ts'

/** A message as it is sent. */
export interface Message {
  recipient: string
  subject: string
  text: string
  html: string
}

export type RenderMessage = (draft: Draft) => Message

/** What all templates share. */
export interface TemplateContext {
  /** The name of the service. */
  service: string
  /** The URL of a page with a token. */
  linkTo(page: string, token: string): string
}

/** Some templates are invalid: the message lists every file and problem. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'

  constructor(problems: string[]) {
    super(`The mail templates are invalid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
  }
}

/** The templates of the service, beside src/ in the sources and in the build. */
const OURS = fileURLToPath(new URL('../../mail/', import.meta.url))

/** The subject on the first line, an empty line, and the text. */
const TEXT = /^Subject: *(\S[^\n]*?) *\n\n(.+)$/s

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g

/**
 * Reads and checks the templates of all letters: `<name>.txt`, with the subject on its first line, and `<name>.html`, which
 * is inserted into `layout.html`. Placeholders such as `{{name}}` are replaced by escaped text; templates have no other
 * features.
 *
 * @param folder files in it replace those of the service
 * @throws TemplateError
 */
export function readTemplates(folder: string | undefined, { service, linkTo }: TemplateContext): RenderMessage {
  const problems: string[] = []

  function read(file: string, placeholders: string[]): string {
    const path = folder !== undefined && existsSync(join(folder, file)) ? join(folder, file) : join(OURS, file)
    const content = readFileSync(path, 'utf8').replaceAll('\r\n', '\n')
    const unknown = [...content.matchAll(PLACEHOLDER)]
      .map(([, placeholder]) => String(placeholder))
      .filter((placeholder) => !placeholders.includes(placeholder))
    for (const placeholder of new Set(unknown)) {
      problems.push(
        `${path} has an unknown placeholder {{${placeholder}}}: known are ${placeholders.map((known) => `{{${known}}}`).join(', ')}`
      )
    }
    return content
  }

  function readText(file: string, placeholders: string[]): { subject: string; text: string } {
    const [, subject = '', text = ''] = TEXT.exec(read(file, placeholders)) ?? []
    if (text === '')
      problems.push(`${file} must begin with a line "Subject: …" and an empty line, followed by the text`)
    return { subject, text }
  }

  const layout = read('layout.html', ['content', 'subject', 'service', 'recipient'])
  const templates = LETTERS.map(({ template: name, variables, link }) => {
    const placeholders = ['service', 'recipient', ...variables, ...(link ? ['link', 'expires_in'] : [])]
    const html = read(`${name}.html`, placeholders)
    const text = readText(`${name}.txt`, placeholders)
    for (const [file, content] of [
      [`${name}.html`, html],
      [`${name}.txt`, text.text]
    ] as const) {
      if (link && !/\{\{\s*link\s*\}\}/.test(content)) problems.push(`${file} has no {{link}}`)
    }
    return [name, { ...text, html, page: link?.page }] as const
  })
  if (!/\{\{\s*content\s*\}\}/.test(layout)) problems.push('layout.html has no {{content}}')
  if (problems.length > 0) throw new TemplateError(problems)
  const byName = new Map(templates)

  return ({ template: name, recipient, variables, token }) => {
    const template = byName.get(name) as NonNullable<ReturnType<typeof byName.get>>
    const link = template.page !== undefined && { link: linkTo(template.page, String(token)) }
    const own = Object.entries({ service, recipient, ...link }).map(([name, value]) => [name, oneLine(value)])
    const chosen = Object.entries(variables).map(([name, value]) => {
      return [name, value === recipient ? oneLine(value) : withoutLinks(oneLine(value))]
    })
    const values: Record<string, string> = Object.fromEntries([...chosen, ...own])
    const subject = fillText(template.subject, values)
    const inLayout = { ...values, subject, content: fillHtml(template.html, values) }
    return { recipient, subject, text: fillText(template.text, values), html: String(fillHtml(layout, inLayout)) }
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
