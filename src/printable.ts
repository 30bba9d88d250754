import type { Writable } from 'node:stream'

/** What steers a terminal or turns the direction of a text: controls, formatting characters, separators of lines. */
export const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A text of some lines in which nothing steers the terminal, whoever it is from. */
export const visible = (text: string) => text.replaceAll(STEERING, (character) => (character === '\n' ? '\n' : '?'))

/** JSON in which nothing steers the terminal: such characters are escaped (RFC 8259 §7). */
export const toJson = (value: unknown) => escapeSteering(JSON.stringify(value))

/** JSON on one line, with what would steer a terminal escaped. */
export const escapeSteering = (json: string) =>
  json.replaceAll(STEERING, (character) =>
    character === '\n'
      ? '\n'
      : character
          .split('')
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join('')
  )

/** A stream of lines of JSON, such as a log, in which nothing steers the terminal. */
export const escaping = (stream: Writable) => ({ write: (line: string) => stream.write(escapeSteering(line)) })
