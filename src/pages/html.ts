const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Escapes text for HTML, between tags or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => String(ENTITIES[character]))
}

/** Safe HTML. Use the tag `html`, which escapes all other values, to create it. */
export class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** A value of a template: `Html` is inserted unchanged, text escaped; `undefined` and `false` are omitted. */
export type Content = Html | string | undefined | false | Content[]

/**
 * Creates HTML from a template. Values must be between tags or in quoted attributes.
 *
 * @param parts the constant parts around the values, from a tagged template or a file
 */
export function html(parts: readonly string[], ...values: Content[]): Html {
  return new Html(parts.map((part, index) => (index === 0 ? part : `${write(values[index - 1])}${part}`)).join(''))
}

function write(content: Content): string {
  if (Array.isArray(content)) return content.map(write).join('')
  if (content instanceof Html) return content.toString()
  return content ? escapeHtml(content) : ''
}
