import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { escapeHtml } from '../pages/html.ts'
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

const GAP = /\{\{\s*([^{}]*?)\s*\}\}/g

/**
 * Reads all letters. Each is `<name>.txt`, with its subject on the first line, and `<name>.html`, which is put into the
 * frame `layout.html`. Their gaps are filled with plain text: `{{name}}`, and nothing else, so that no letter can do more
 * than to show something.
 *
 * @param folder whose files take the place of ours; those that it does not have are ours
 * @throws TemplateError
 */
export function readTemplates(folder: string | undefined, { service, linkTo }: Letterhead): WriteLetter {
  const faults: string[] = []

  function read(file: string, gaps: string[]): string {
    const path = folder !== undefined && existsSync(join(folder, file)) ? join(folder, file) : join(OURS, file)
    const content = readFileSync(path, 'utf8').replaceAll('\r\n', '\n')
    const unknown = [...content.matchAll(GAP)].map(([, gap]) => String(gap)).filter((gap) => !gaps.includes(gap))
    for (const gap of new Set(unknown)) {
      faults.push(`${path} has {{${gap}}}, and there is only ${gaps.map((known) => `{{${known}}}`).join(', ')}`)
    }
    return content
  }

  function readText(file: string, gaps: string[]): { subject: string; text: string } {
    const [, subject = '', text = ''] = TEXT.exec(read(file, gaps)) ?? []
    if (text === '') faults.push(`${file} must begin with a line "Subject: …" and an empty line, and go on after them`)
    return { subject, text }
  }

  const layout = read('layout.html', ['content', 'subject', 'service', 'recipient'])
  const templates = Object.entries(TEMPLATES).map(([name, template]) => {
    const link = 'page' in template ? ['link'] : []
    const gaps = ['service', 'recipient', ...template.variables, ...link]
    const html = read(`${name}.html`, gaps)
    const text = readText(`${name}.txt`, gaps)
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
    const { subject, text, html } = byName.get(letter.template) as { subject: string; text: string; html: string }
    const { recipient } = letter
    const link = 'token' in letter && { link: linkTo(TEMPLATES[letter.template].page, letter.token) }
    const own = Object.entries({ service, recipient, ...link }).map(([name, value]) => [name, oneLine(value)])
    const chosen = Object.entries(letter.variables).map(([name, value]) => {
      return [name, value === recipient ? oneLine(value) : withoutLinks(oneLine(value))]
    })
    const values: Record<string, string> = Object.fromEntries([...chosen, ...own])
    const heading = fill(subject, values, asIs)
    const content = fill(html, values, escapeHtml)
    const { service: sender, recipient: reader } = values as Record<'service' | 'recipient', string>
    const frame = {
      service: escapeHtml(sender),
      recipient: escapeHtml(reader),
      subject: escapeHtml(heading),
      content
    }
    return { recipient, subject: heading, text: fill(text, values, asIs), html: fill(layout, frame, asIs) }
  }
}

function fill(content: string, values: Record<string, string>, write: (value: string) => string): string {
  return content.replaceAll(GAP, (_gap, name: string) => write(String(values[name])))
}

/** Without what could begin a line of its own, or a header, or show itself as something else. */
const oneLine = (value: string) => value.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')

const asIs = (value: string) => value

/** U+2060, which takes no room, and is no part of a URL (RFC 3986) or of the name of a host. */
const WORD_JOINER = '\u2060'

/**
 * A name or an address that somebody chose, such as `evil.example`, so that no mail program makes a link of it. The
 * reader's own address is left as it is, to be copied.
 */
const withoutLinks = (value: string) => value.replaceAll(/[.@:/]/g, `${WORD_JOINER}$&${WORD_JOINER}`)
