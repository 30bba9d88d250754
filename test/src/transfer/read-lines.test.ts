import { Readable } from 'node:stream'
import { test } from 'tap'
import { readLines } from '../../../src/transfer/read-lines.ts'

async function linesOf(chunks: (string | Buffer)[], most = 8) {
  const lines: [number, string | undefined][] = []
  for await (const { number, bytes } of readLines(Readable.from(chunks), most)) lines.push([number, bytes?.toString()])
  return lines
}

const cases: [what: string, chunks: (string | Buffer)[], lines: [number, string | undefined][]][] = [
  ['nothing', [], []],
  ['one without an end', ['one'], [[1, 'one']]],
  ['one with an end', ['one\n'], [[1, 'one']]],
  [
    'empty ones',
    ['\n\na'],
    [
      [1, ''],
      [2, ''],
      [3, 'a']
    ]
  ],
  [
    'cut anywhere',
    ['on', 'e\ntw', '', 'o\n'],
    [
      [1, 'one'],
      [2, 'two']
    ]
  ],
  ['cut within a letter', [Buffer.from([0xc3]), Buffer.from([0xa4, 0x0a])], [[1, 'ä']]],
  [
    'as long as may be',
    ['12345678\n12345678'],
    [
      [1, '12345678'],
      [2, '12345678']
    ]
  ],
  [
    'longer than that',
    ['123456789\na\n1234', '5678', '9', '0\nb'],
    [
      [1, undefined],
      [2, 'a'],
      [3, undefined],
      [4, 'b']
    ]
  ],
  [
    'longer than that at the end',
    ['a\n123456789'],
    [
      [1, 'a'],
      [2, undefined]
    ]
  ]
]

test('lines', async (t) => {
  for (const [what, chunks, lines] of cases) t.strictSame(await linesOf(chunks), lines, what)
})
