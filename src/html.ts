const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as it stands in HTML, between tags or in a quoted attribute: it shows itself, and does nothing else. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => String(ENTITIES[character]))
}
