import { parseHTML } from 'linkedom'
import { test } from 'tap'
import { toPicture } from '../../src/report/picture.ts'
import { example, HOSTILE } from '../example.ts'

const read = (svg: string) => parseHTML(`<body>${svg}</body>`).document

test('a picture has a panel for each measure, and a bar for each service', (t) => {
  const svg = toPicture(example())
  const document = read(svg)
  const panels = [...document.querySelectorAll('g')].map((panel) => ({
    texts: [...panel.querySelectorAll('text')].map((text) => text.textContent),
    bars: [...panel.querySelectorAll('rect')].map((bar) => [bar.getAttribute('class'), bar.getAttribute('width')])
  }))
  t.strictSame(panels, [
    {
      texts: ['/secret', 'answers a second: more is better', 'a', '11,000', 'b & c', '5,500'],
      bars: [
        ['bar first', '180'],
        ['bar', '90']
      ]
    },
    { texts: ['/secret', 'CPU time a request, µs: less is better', 'a', '85.0'], bars: [['bar first', '210']] },
    {
      texts: ['login', 'share of bcrypt alone, %: more is better', 'a', '96.0', 'b & c', '96.0'],
      bars: [
        ['bar first', '180'],
        ['bar', '180']
      ]
    },
    {
      texts: ['/secret in a login storm', '99th percentile, ms: less is better', 'a', '3.00', 'b & c', '30.0'],
      bars: [
        ['bar first', '18'],
        ['bar', '180']
      ]
    }
  ])
  const note = [...document.querySelectorAll('.note')].at(-1)?.textContent
  t.equal(note, '2026-11-25, 2 cores (A Processor), rounds: 3; other programs took 2 % of the machine')
  t.equal(document.querySelector('title')?.textContent, 'a, b & c, measured side by side on 2026-11-25')
  t.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" role="img" viewBox="0 0 958 290"/)
  t.end()
})

test('a picture of nothing is empty, and zero has a bar', (t) => {
  t.match(toPicture(example({ figures: {}, targets: [] })), / viewBox="0 0 958 70"/)
  const figures = { memory: { a: [0] } }
  t.equal(
    read(toPicture(example({ figures, others: [] })))
      .querySelector('rect')
      ?.getAttribute('width'),
    '1'
  )
  t.end()
})

test('a name stays text', (t) => {
  const targets = [{ name: HOSTILE, url: '', contract: '', differences: [] }]
  const figures = { memory: { [HOSTILE]: [1] } }
  const document = read(toPicture(example({ targets, figures })))
  t.equal(document.querySelectorAll('script, img').length, 0)
  t.equal(document.querySelectorAll('g text')[2]?.textContent, HOSTILE)
  t.end()
})
