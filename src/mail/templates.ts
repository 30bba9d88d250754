import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Content, type Html, html } from '../pages/html.ts'
import { type Letter, TEMPLATES } from './letters.ts'

/** A letter as it is sent. */
export interface Message {
  recipient: string
  subject: string
  text: string
  html: string
}

/** Turns letters into messages. */
export type WriteLetter = (letter: Letter) => Message

/** What all letters have in common: who writes, and where the pages of the links are. */
export interface Letterhead {
  /** What the service is called. */
  service: string
  /** The address of a page, with a token on it. */
  linkTo(page: string, token: string): string
}

/** A template does not fit: the message names each file at fault, and what is wrong with it. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'

  constructor(faults: string[]) {
    super(`The letters do not fit:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
  }
}

/** Where the letters are that come along; beside src/ here, and beside it in the build. */
const OURS = fileURLToPath(new URL('../../mail/', import.meta.url))

/** The first line of a text, and all after the empty one that follows it. */
const TEXT = /^Subject: *(\S[^\n]*?) *\n\n(.+)$/s

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g

/**
 * Reads all letters. Each is `<name>.txt`, with its subject on the first line, and `<name>.html`, which is put into the
 * frame `layout.html`. Their placeholders, `{{name}}`, are filled with plain text and nothing else: a template only shows
 * values.
 *
 * @param folder whose files take the place of ours; those that it does not have are ours
 * @throws TemplateError
 */
export function readTemplates(folder: string | undefined, { service, linkTo }: Letterhead): WriteLetter {
  const faults: string[] = []

  function read(file: string, placeholders: string[]): string {
    const path = folder !== undefined && existsSync(join(folder, file)) ? join(folder, file) : join(OURS, file)
    const content = readFileSync(path, 'utf8').replaceAll('\r\n', '\n')
    const unknown = [...content.matchAll(PLACEHOLDER)]
      .map(([, placeholder]) => String(placeholder))
      .filter((placeholder) => !placeholders.includes(placeholder))
    for (const placeholder of new Set(unknown)) {
      faults.push(
        `${path} has {{${placeholder}}}, and there is only ${placeholders.map((known) => `{{${known}}}`).join(', ')}`
      )
    }
    return content
  }

  function readText(file: string, placeholders: string[]): { subject: string; text: string } {
    const [, subject = '', text = ''] = TEXT.exec(read(file, placeholders)) ?? []
    if (text === '') faults.push(`${file} must begin with a line "Subject: …" and an empty line, and go on after them`)
    return { subject, text }
  }

  const layout = read('layout.html', ['content', 'subject', 'service', 'recipient'])
  const templates = Object.entries(TEMPLATES).map(([name, template]) => {
    const link = 'page' in template ? ['link'] : []
    const placeholders = ['service', 'recipient', ...template.variables, ...link]
    const html = read(`${name}.html`, placeholders)
    const text = readText(`${name}.txt`, placeholders)
    for (const [file, content] of [
      [`${name}.html`, html],
      [`${name}.txt`, text.text]
    ] as const) {
      if (link.length > 0 && !/\{\{\s*link\s*\}\}/.test(content)) faults.push(`${file} has no {{link}}`)
    }
    return [name, { ...text, html }] as const
  })
  if (!/\{\{\s*content\s*\}\}/.test(layout)) faults.push('layout.html has no {{content}}')
  if (faults.length > 0) throw new TemplateError(faults)
  const byName = new Map(templates)

  return (letter) => {
    const template = byName.get(letter.template) as { subject: string; text: string; html: string }
    const { recipient } = letter
    const link = 'token' in letter && { link: linkTo(TEMPLATES[letter.template].page, letter.token) }
    const own = Object.entries({ service, recipient, ...link }).map(([name, value]) => [name, oneLine(value)])
    const chosen = Object.entries(letter.variables).map(([name, value]) => {
      return [name, value === recipient ? oneLine(value) : withoutLinks(oneLine(value))]
    })
    const values: Record<string, string> = Object.fromEntries([...chosen, ...own])
    const subject = fillText(template.subject, values)
    const frame = { ...values, subject, content: fillHtml(template.html, values) }
    return { recipient, subject, text: fillText(template.text, values), html: String(fillHtml(layout, frame)) }
  }
}

function fillText(content: string, values: Record<string, string>): string {
  return content.replaceAll(PLACEHOLDER, (_placeholder, name: string) => String(values[name]))
}

function fillHtml(content: string, values: Record<string, Content>): Html {
  // The names that the pattern captures stand between the parts.
  const pieces = content.split(PLACEHOLDER)
  const parts = pieces.filter((_piece, index) => index % 2 === 0)
  const names = pieces.filter((_piece, index) => index % 2 === 1)
  return html(parts, ...names.map((name) => values[name]))
}

/** Without what could begin a line of its own, or a header, or show itself as something else. */
const oneLine = (value: string) => value.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')

/** U+2060, which takes no room, and is no part of a URL (RFC 3986) or of the name of a host. */
const WORD_JOINER = '\u2060'

/**
 * A name or an address that somebody chose, such as `evil.example`, so that no mail program makes a link of it. The
 * reader's own address is left as it is, to be copied.
 */
const withoutLinks = (value: string) => value.replaceAll(/[.@:/]/g, `${WORD_JOINER}$&${WORD_JOINER}`)
