import { readFileSync } from 'node:fs'
import { bars, legend, lines } from './charts.ts'
import { MEASURES, type MeasureName, number } from './figures.ts'
import type { Result } from './result.ts'
import { median, spread } from './statistics.ts'
import { isBetter, method, type Row, range, ratioOf, rowsOf, type Told } from './telling.ts'

/** What is said of each group of measures, and which of them is drawn. */
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
  const { targets, kind } = result
  const rows = rowsOf(result)
  const names = targets.map(({ name }) => name)
  const title = kind === 'bench' ? 'What the service does, measured' : `${listed(names)}, side by side`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="kicker">${kind === 'bench' ? 'Benchmark' : 'One contract, measured'} · <time datetime="${escaped(result.at)}">${escaped(dateOf(result.at))}</time></p>
<h1>${escaped(title)}</h1>
<p class="lead">${escaped(lead(result, rows))}</p>
${legendOf(names)}
</header>
${SECTIONS.map((section) => sectionOf(section, rows, result)).join('\n')}
${result.curves.map(curveOf).join('\n')}
${contractOf(result)}
<section>
<h2>How it was measured</h2>
${method(result)
  .map((sentence) => `<p>${escaped(sentence)}</p>`)
  .join('\n')}
${factsOf(result)}
</section>
</main>
</body>
</html>
`
}

/** What a reader takes home, in a sentence for each of the first measures. */
export function lead({ targets }: Result, rows: Row[]): string {
  const first = targets[0]?.name
  const say = (measure: MeasureName, what: string) => {
    const row = rows.find((row) => row.measure === measure)
    const others = row?.told.filter(({ ratio }) => ratio) ?? []
    if (others.length === 0) return []
    const clauses = others.map((told) =>
      told.ratio?.verdict === 'more' || told.ratio?.verdict === 'less'
        ? `${told.target} ${number(told.ratio.median)} times that of ${first}`
        : `${told.target} the same as ${first} within noise`
    )
    return [`${what}: ${clauses.join(', ')}.`]
  }
  if (targets.length < 2) return 'Each figure is the median of its rounds; each dot is a round.'
  return [
    ...say('secretRate', 'Answers a second of a guarded route'),
    ...say('loginRate', 'Logins a second'),
    'Each dot is a round, each thick mark the median of them.'
  ].join(' ')
}

function sectionOf(section: (typeof SECTIONS)[number], all: Row[], result: Result): string {
  const rows = all.filter(({ measure }) => MEASURES[measure].title === section.title)
  if (rows.length === 0) return ''
  const names = result.targets.map(({ name }) => name)
  const charts = section.drawn.flatMap((measure) => {
    const row = rows.find((row) => row.measure === measure)
    if (!row) return []
    const { label, unit, better } = MEASURES[measure]
    const chart = bars(`${section.heading}: ${label}`, row.told, names, floorOf(measure, result))
    return [
      `<figure><figcaption>${escaped(sentence(label))}${unit === '/s' ? '' : `, ${unit}`} <span>${better} is better</span></figcaption>${chart}</figure>`
    ]
  })
  return `<section>
<h2>${escaped(section.heading)}</h2>
<p>${escaped(section.words)}</p>
${charts.join('\n')}
${tableOf(rows, names)}
</section>`
}

/** Beside what bcrypt alone does, or an empty server. */
function floorOf(measure: MeasureName, { bcrypt, control }: Result) {
  if (measure === 'loginRate' || measure === 'registerRate') {
    return bcrypt.length > 0 ? { value: median(bcrypt), name: 'bcrypt alone' } : undefined
  }
  return measure === 'stormP99' && control.length > 0 ? { value: median(control), name: 'empty server' } : undefined
}

function tableOf(rows: Row[], names: string[]): string {
  const head = names.map((name) => `<th scope="col">${escaped(name)}</th>`).join('')
  const body = rows.map(({ measure, told }) => {
    const { label, unit } = MEASURES[measure]
    const cells = names.map((name) =>
      cellOf(
        measure,
        name,
        told.find(({ target }) => target === name)
      )
    )
    return `<tr><th scope="row">${escaped(sentence(label))}, ${unit}</th>${cells.join('')}</tr>`
  })
  return `<table><thead><tr><td></td>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`
}

function cellOf(measure: MeasureName, name: string, told: Told | undefined): string {
  const label = `data-name="${escaped(name)}"`
  if (!told) return `<td ${label}>–</td>`
  const better = isBetter(measure, told)
  const tone = better === undefined ? 'even' : better ? 'better' : 'worse'
  const ratio = told.ratio ? `<small class="${tone}">${escaped(ratioOf(told))}</small>` : ''
  return `<td ${label}><b>${number(told.median)}</b> <small>${range(told)}</small>${ratio}</td>`
}

function curveOf(curve: Result['curves'][number]): string {
  const names = Object.keys(curve.series)
  const points = names.map((name) => {
    const cells = (curve.series[name] ?? []).map(({ x, values }) => {
      const there = values.filter((value) => value !== null)
      const told =
        there.length === 0 ? '–' : `<b>${number(spread(there).median)}</b> <small>${range(spread(there))}</small>`
      return `<td data-name="${x.toLocaleString('en')} ${escaped(curve.x)}">${told}</td>`
    })
    return `<tr><th scope="row">${escaped(name)}</th>${cells.join('')}</tr>`
  })
  const xs = (curve.series[names[0] as string] ?? []).map(({ x }) => `<th scope="col">${x.toLocaleString('en')}</th>`)
  return `<section>
<h2>${escaped(curve.title)}</h2>
<figure><figcaption>${escaped(sentence(curve.label))}, ${escaped(curve.unit)} <span>${curve.better} is better</span></figcaption>
${legendOf(names)}${lines(curve)}</figure>
<table><thead><tr><td>${escaped(curve.x)}</td>${xs.join('')}</tr></thead><tbody>${points.join('')}</tbody></table>
</section>`
}

function contractOf({ targets }: Result): string {
  const items = targets.map(({ name, contract, differences }) => {
    const list = differences.map((difference) => `<li>${escaped(difference)}</li>`).join('')
    return `<dt>${escaped(name)}</dt><dd>${escaped(contract)}${list && `<ul>${list}</ul>`}</dd>`
  })
  return `<section><h2>The contract</h2><dl>${items.join('')}</dl></section>`
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
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value as string)}</dd>`).join('')
  return `<dl>${list}</dl>\n<pre><code>${escaped(command)}</code></pre>`
}

const legendOf = (names: string[]) =>
  `<ul class="legend">${legend(names)
    .map(({ name, colour }) => `<li><i style="background: ${colour}"></i>${escaped(name)}</li>`)
    .join('')}</ul>`

const dateOf = (at: string) =>
  new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })

const listed = (names: string[]) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
