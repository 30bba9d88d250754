import { LETTERS } from '../letters.ts'
import { findTemplateFiles, type TemplateFile } from './files.ts'
import { createLetterLanguage, DEFAULT_LANGUAGE, type LetterLanguage } from './languages.ts'

/** The template of a letter. */
export interface Template {
  subject: string
  text: string
  html: string
  /** The page that its link leads to. */
  page: string | undefined
}

/** The letters in a language. */
export interface Translation {
  readonly language: LetterLanguage
  readonly layout: string
  readonly footer: string
  /** The texts of `texts.json` by name. */
  readonly texts: ReadonlyMap<string, string>
  /** By the names of letters. */
  readonly templates: ReadonlyMap<string, Template>
}

/** Some templates are invalid: the message lists every file and problem. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'

  constructor(problems: Iterable<string>) {
    super(`The mail templates are invalid:\n${[...problems].map((problem) => `  - ${problem}`).join('\n')}`)
  }
}

/** The subject on the first line, an empty line, and the text. */
const TEXT = /^Subject: *(\S[^\n]*?) *\n\n(.+)$/s

export const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g

const LAYOUT = ['content', 'subject', 'service', 'recipient', 'footer', 'lang', 'dir']

/**
 * Reads and checks the templates of all languages, English first: `<name>.txt`, with the subject on its first line,
 * `<name>.html`, which is inserted into `layout.html`, and `texts.json`.
 *
 * @param folder files in it replace those of the service, and add languages
 * @throws TemplateError
 */
export function readTranslations(folder: string | undefined): [english: Translation, ...others: Translation[]] {
  const problems = new Set<string>()
  const { languages, ours, theirs } = findTemplateFiles(folder, problems)
  const known = readTexts(ours(DEFAULT_LANGUAGE, 'texts.json'))
  const replaced = readTexts(theirs(DEFAULT_LANGUAGE, 'texts.json'), known)
  const english = readTranslation(DEFAULT_LANGUAGE)
  const others = languages.map(readTranslation)
  if (problems.size > 0) throw new TemplateError(problems)
  return [english, ...others]

  function readTranslation(tag: string): Translation {
    const layout =
      theirs(tag, 'layout.html') ?? theirs(DEFAULT_LANGUAGE, 'layout.html') ?? ours(DEFAULT_LANGUAGE, 'layout.html')
    const texts = textsOf(tag)
    return {
      language: createLetterLanguage(tag),
      layout: check(layout as TemplateFile, LAYOUT, 'content').content,
      footer: String(texts.get('footer') ?? replaced.get('footer') ?? known.get('footer')),
      texts,
      templates: new Map(
        LETTERS.flatMap((letter) => {
          const template = readTemplate(tag, letter)
          return template ? [[letter.template, template]] : []
        })
      )
    }
  }

  /** Without the texts that the operator has replaced in English alone: our translations would say something else. */
  function textsOf(tag: string): Map<string, string> {
    if (tag === DEFAULT_LANGUAGE) return new Map([...known, ...replaced])
    const translated = [...readTexts(ours(tag, 'texts.json'), known)].filter(([name]) => !replaced.has(name))
    return new Map([...translated, ...readTexts(theirs(tag, 'texts.json'), known)])
  }

  /** Undefined if the language does not have the letter. As with texts, a letter that is replaced in English has no translation. */
  function readTemplate(
    tag: string,
    { template: name, variables, link }: (typeof LETTERS)[number]
  ): Template | undefined {
    const files = [`${name}.txt`, `${name}.html`] as const
    const isReplaced = tag !== DEFAULT_LANGUAGE && files.some((file) => theirs(DEFAULT_LANGUAGE, file))
    const [text, html] = files.map((file) => theirs(tag, file) ?? (isReplaced ? undefined : ours(tag, file)))
    if (!text || !html) {
      const only = text ?? html
      if (only) problems.add(`${only.path} needs both ${files.join(' and ')}`)
      return undefined
    }
    const placeholders = ['service', 'recipient', ...variables, ...(link ? ['link', 'expires_in'] : [])]
    const required = link && 'link'
    check(html, placeholders, required)
    check(text, placeholders)
    const [, subject = '', body = ''] = TEXT.exec(text.content) ?? []
    if (body === '') {
      problems.add(`${text.name} must begin with a line "Subject: …" and an empty line, followed by the text`)
    }
    checkHas({ ...text, content: body }, required)
    return { subject, text: body, html: html.content, page: link?.page }
  }

  function check(file: TemplateFile, placeholders: readonly string[], required?: string): TemplateFile {
    const listed = placeholders.map((known) => `{{${known}}}`).join(', ') || 'none'
    for (const name of placeholdersOf(file.content)) {
      if (placeholders.includes(name)) continue
      problems.add(`${file.path} has an unknown placeholder {{${name}}}: known are ${listed}`)
    }
    checkHas(file, required)
    return file
  }

  function checkHas({ name, content }: TemplateFile, required: string | undefined): void {
    if (required !== undefined && !placeholdersOf(content).includes(required)) {
      problems.add(`${name} has no {{${required}}}`)
    }
  }

  /** @param known the texts that there are; those of the file itself if it is ours in English */
  function readTexts(file: TemplateFile | undefined, known?: ReadonlyMap<string, string>): Map<string, string> {
    if (!file) return new Map()
    const texts = parseTexts(file.content)
    if (!texts) problems.add(`${file.path} must be a JSON object of texts`)
    const found = new Map(Object.entries(texts ?? {}))
    for (const [name, text] of known ? found : []) {
      const original = known?.get(name)
      if (original === undefined) problems.add(`${file.path} has an unknown text "${name}"`)
      else if (text.trim() === '') problems.add(`${file.path} has an empty text "${name}"`)
      else check({ ...file, path: `${file.path}: "${name}"`, content: text }, placeholdersOf(original))
    }
    return found
  }
}

const placeholdersOf = (content: string): string[] =>
  [...content.matchAll(PLACEHOLDER)].map(([, placeholder]) => String(placeholder))

function parseTexts(json: string): Record<string, string> | undefined {
  try {
    const texts: unknown = JSON.parse(json)
    const isObject = typeof texts === 'object' && texts !== null && !Array.isArray(texts)
    return isObject && Object.values(texts).every((text) => typeof text === 'string')
      ? (texts as Record<string, string>)
      : undefined
  } catch {
    return undefined
  }
}
