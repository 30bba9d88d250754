/** A line of a file. */
export interface Line {
  /** Starts at 1. */
  number: number
  /** Undefined if the line is too long. */
  bytes: Buffer | undefined
}

const NEWLINE = 0x0a

/**
 * Splits a stream into lines. Buffers at most `limit` bytes of a line. Replaces node:readline, which has no such limit, and
 * decodes invalid UTF-8 without an error.
 */
export async function* readLines(stream: AsyncIterable<Buffer | string>, limit: number): AsyncGenerator<Line> {
  let number = 0
  let parts: Buffer[] = []
  let length = 0

  function add(part: Buffer): void {
    length += part.length
    if (length <= limit) parts.push(part)
    else parts = []
  }

  function end(): Line {
    number += 1
    const line = { number, bytes: length <= limit ? Buffer.concat(parts) : undefined }
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
