/** Control and format characters (Unicode) and line separators: they can control a terminal or change text direction. */
export const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Replaces control characters in a text, except newlines, with `?`. */
export const visible = (text: string) => text.replaceAll(CONTROLS, (character) => (character === '\n' ? '\n' : '?'))

/** Like JSON.stringify, with control characters escaped (RFC 8259 §7). */
export const toJson = (value: unknown) => escapeControls(JSON.stringify(value))

/** Escapes control characters in JSON, except newlines between documents. */
export const escapeControls = (json: string) =>
  json.replaceAll(CONTROLS, (character) =>
    character === '\n'
      ? '\n'
      : character
          .split('')
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join('')
  )

/** A destination for a log in JSON lines that escapes control characters. */
export const escaping = (stream: { write(line: string): unknown }) => ({
  write: (line: string) => stream.write(escapeControls(line))
})
