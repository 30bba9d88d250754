const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as it stands in HTML, between tags or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => String(ENTITIES[character]))
}

/** A piece of HTML. Only the tag `html` makes one, and it escapes every value that is none. */
export class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** A value of a template: HTML as it is, text escaped, a list in its order, nothing as nothing. */
export type Content = Html | string | undefined | false | Content[]

/**
 * Builds HTML from a template. Values stand between tags or in quoted attributes.
 *
 * @param parts the HTML around the values: of a tagged template, or of a file
 */
export function html(parts: readonly string[], ...values: Content[]): Html {
  return new Html(parts.map((part, index) => (index === 0 ? part : `${write(values[index - 1])}${part}`)).join(''))
}

function write(content: Content): string {
  if (Array.isArray(content)) return content.map(write).join('')
  if (content instanceof Html) return content.toString()
  return content ? escapeHtml(content) : ''
}
