import { readFileSync } from 'node:fs'
import { median, type Ratio, type Spread } from '../measure/statistics.ts'
import { bars, colour, lines } from './charts.ts'
import { escapeHtml } from './escape-html.ts'
import { heading, MEASURES, type MeasureName, number, sizeOf } from './figures.ts'
import type { Curve, Result } from './result.ts'
import { amount, method, pointsOf, type Row, range, ratioOf, rowsOf, type Told, verdictOf } from './verdicts.ts'

/** The text for each group of measures, and which measure has a chart. */
const SECTIONS: { title: string; heading: string; words: string; drawn: MeasureName[] }[] = [
  {
    title: '/secret',
    heading: 'A guarded route',
    words:
      'A token is verified and a line of JSON answered. No database, no hash: what the language and the framework cost.',
    drawn: ['secretRate', 'secretCpu']
  },
  {
    title: 'login',
    heading: 'Signing in',
    words:
      'Nearly all of a login is its password hash, on purpose. What matters is how much of the cores gets to the hashes.',
    drawn: ['loginRate']
  },
  {
    title: 'register',
    heading: 'Registering',
    words: 'A hash again, and a row that is stored for good.',
    drawn: ['registerRate']
  },
  {
    title: '/secret in a login storm',
    heading: 'A guarded route while everybody signs in',
    words:
      'All cores hash, and somebody asks for something that needs no hash. How long does it wait? Shorter is better.',
    drawn: ['stormP99']
  },
  {
    title: 'memory',
    heading: 'Memory',
    words: 'Of all processes together, with what they share counted once.',
    drawn: ['memory']
  },
  { title: 'start', heading: 'Starting', words: 'From the command to the first answer.', drawn: ['startUp'] }
]

const STYLE = readFileSync(new URL('page.css', import.meta.url), 'utf8')

/** One page that needs nothing else: no script, no font, no network. */
export function toPage(result: Result): string {
  const { targets, kind, curves } = result
  const rows = rowsOf(result)
  const names = targets.map(({ name }) => name)
  const order = [...new Set([...names, ...curves.flatMap(({ series }) => Object.keys(series))])]
  const title = kind === 'bench' ? 'What the service does, measured' : `${listed(names)}, side by side`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="kicker">${kind === 'bench' ? 'Benchmark' : 'One contract, measured'} · <time datetime="${escapeHtml(result.at)}">${escapeHtml(dateOf(result.at))}</time></p>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(lead(names, rows))}</p>
${legendOf(names, order)}
<p class="key">${escapeHtml(key(names))}</p>
</header>
${SECTIONS.map((section) => sectionOf(section, rows, result)).join('\n')}
${curves.map((curve) => curveOf(curve, order)).join('\n')}
${contractOf(result)}
<section>
<h2>How it was measured</h2>
${method(result)
  .map((sentence) => `<p>${escapeHtml(sentence)}</p>`)
  .join('\n')}
${factsOf(result)}
</section>
</main>
</body>
</html>
`
}

/** The summary of the first measures. */
function lead([first]: string[], rows: Row[]): string {
  const say = (measure: MeasureName, what: string) => {
    const others = rows
      .filter((row) => row.measure === measure)
      .flatMap(({ told }) => told)
      .flatMap(({ target, ratio }) => (ratio ? `${target} ${shareOf(ratio)}` : []))
    return others.length === 0 ? [] : `${what}, ${listed(others)}`
  }
  const parts = [
    say('secretRate', 'of the answers a second of a guarded route'),
    say('loginRate', 'of the logins a second')
  ]
  return parts.flat().length === 0 ? '' : `With ${first} at 100 %: ${parts.flat().join('; ')}.`
}

function shareOf(ratio: Ratio): string {
  if (ratio.verdict === 'noise') return 'the same within noise'
  return ratio.verdict === 'unknown' ? '(too few rounds to say)' : `${number(ratio.median * 100)}\u00a0%`
}

/** Verdicts that have a colour. */
const TONES = new Set<string>(['better', 'worse'])

/** How the charts and the tables are read. */
function key([first, ...others]: string[]): string {
  const ratio = others.length === 0 ? '' : `, and 2.00 × means twice the figure of ${first}`
  return `In the charts each dot is a round, and each thick mark the median of the rounds. In the tables the least and the most of them follow in brackets${ratio}.`
}

function sectionOf(section: (typeof SECTIONS)[number], all: Row[], result: Result): string {
  const rows = all.filter(({ measure }) => MEASURES[measure].title === section.title)
  if (rows.length === 0) return ''
  const names = result.targets.map(({ name }) => name)
  const charts = rows
    .filter(({ measure }) => section.drawn.includes(measure))
    .map(({ measure, told }) => {
      const { better } = MEASURES[measure]
      const chart = bars(told, names, floorOf(measure, result))
      return `<figure>${captionOf(heading(MEASURES[measure]), better)}${chart}</figure>`
    })
  const lines = rows.map(({ measure, told }) => ({
    head: sentence(heading(MEASURES[measure])),
    cells: names.map((name) => told.filter(({ target }) => target === name).map((told) => cellOf(measure, told))[0])
  }))
  return `<section>
<h2>${escapeHtml(section.heading)}</h2>
<p>${escapeHtml(section.words)}</p>
${charts.join('\n')}
${tableOf(names, lines)}
</section>`
}

/** The baselines: bcrypt alone, and an empty server. */
function floorOf(measure: MeasureName, { bcrypt, control }: Result) {
  if (measure === 'loginRate' || measure === 'registerRate') {
    return bcrypt.length > 0 ? { value: median(bcrypt), name: 'bcrypt alone' } : undefined
  }
  return measure === 'stormP99' && control.length > 0 ? { value: median(control), name: 'empty server' } : undefined
}

function cellOf(measure: MeasureName, told: Told): string {
  if (!told.ratio) return figureOf(told)
  const verdict = verdictOf(measure, told.ratio)
  return `${figureOf(told)}<small class="${TONES.has(verdict) ? verdict : 'even'}">${ratioOf(measure, told.ratio)}</small>`
}

const figureOf = (told: Spread) => `<b>${number(told.median)}</b> <small>${range(told)}</small>`

function curveOf(curve: Curve, order: string[]): string {
  const points = pointsOf(curve)
  if (points.length === 0) return ''
  const names = Object.keys(curve.series)
  const xs = [...new Set(points.map(({ x }) => x))].sort((one, other) => one - other)
  const rows = xs.map((x) => ({
    head: amount(x, curve.x),
    cells: names.map((name) => points.filter((point) => point.x === x && point.name === name).map(figureOf)[0])
  }))
  return `<section>
<h2>${escapeHtml(curve.title)}</h2>
<p>Here each dot is the median of its rounds, and the line through it goes from the least to the most of them.</p>
<figure>${captionOf(heading(curve), curve.better)}
${legendOf(names, order)}${lines(curve, order)}</figure>
${tableOf(names, rows)}
</section>`
}

const captionOf = (text: string, better: string) =>
  `<figcaption>${escapeHtml(sentence(text))} <span>${better} is better</span></figcaption>`

/** On a narrow screen each row becomes a block, in which every cell has a label. */
function tableOf(names: string[], rows: { head: string; cells: (string | undefined)[] }[]): string {
  const columns = names.map((name) => `<th scope="col">${escapeHtml(name)}</th>`)
  const body = rows.map(({ head, cells }) => {
    const row = cells.map((cell = '–', at) => `<td data-name="${escapeHtml(`${names[at]}`)}"><div>${cell}</div></td>`)
    return `<tr><th scope="row">${escapeHtml(head)}</th>${row.join('')}</tr>`
  })
  return `<div class="scroll"><table><thead><tr><td></td>${columns.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

function contractOf({ kind, targets }: Result): string {
  const items = targets.map(({ name, contract, differences, size }) => {
    const list = differences.map((difference) => `<li>${escapeHtml(difference)}</li>`).join('')
    return `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(contract)}${size ? `; ${sizeOf(size)}` : ''}${list && `<ul>${list}</ul>`}</dd>`
  })
  const title = kind === 'bench' ? 'What was measured' : 'The contract'
  return `<section><h2>${title}</h2><dl>${items.join('')}</dl></section>`
}

function factsOf({ machine, versions, command, commit, at }: Result): string {
  const facts = [
    [
      'Machine',
      `${machine.cores} cores (${machine.processor}), ${number(machine.memory / 1024)} GB, ${machine.system}`
    ],
    [
      'Versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')
    ],
    ['Commit', commit],
    ['Time', at]
  ]
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(`${value}`)}</dd>`).join('')
  return `<dl>${list}</dl>\n<pre><code>${escapeHtml(command)}</code></pre>`
}

const legendOf = (names: string[], order: string[]) =>
  `<ul class="legend">${names
    .map((name) => `<li><i style="background: ${colour(name, order)}"></i>${escapeHtml(name)}</li>`)
    .join('')}</ul>`

const dateOf = (at: string) =>
  new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })

const listed = (names: string[]) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
