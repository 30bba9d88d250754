/** An OpenAPI document with what its references refer to in place of them. */
export function inlined<Document>(document: Document): Document {
  function inline(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(inline)
    if (typeof value !== 'object' || value === null) return value
    if ('$ref' in value) return inline(at(String(value.$ref)))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inline(each)]))
  }

  /** @param reference a JSON pointer within the document, without anything escaped */
  const at = (reference: string) =>
    reference
      .slice('#/'.length)
      .split('/')
      .reduce((part: unknown, key) => (part as Record<string, unknown>)[key], document)

  return inline(document) as Document
}
