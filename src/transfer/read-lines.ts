/** One line of a stream, and its number from 1 on; without bytes where it is longer than was asked for. */
export interface Line {
  number: number
  bytes: Buffer | undefined
}

const NEWLINE = 0x0a

/**
 * The lines of a stream. Holds one of them at a time, and of a long one at most `most` bytes: node:readline has no such
 * limit, and decodes bytes that are not UTF-8 without an error.
 */
export async function* readLines(stream: AsyncIterable<Buffer | string>, most: number): AsyncGenerator<Line> {
  let number = 0
  let parts: Buffer[] = []
  let length = 0

  function add(part: Buffer): void {
    length += part.length
    if (length <= most) parts.push(part)
    else parts = []
  }

  function end(): Line {
    number += 1
    const line = { number, bytes: length <= most ? Buffer.concat(parts) : undefined }
    parts = []
    length = 0
    return line
  }

  for await (const chunk of stream) {
    let rest = Buffer.from(chunk)
    for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE)) {
      add(rest.subarray(0, at))
      yield end()
      rest = rest.subarray(at + 1)
    }
    add(rest)
  }
  if (length > 0) yield end()
}
