/** The measures of each service, in the order of reports. */
export interface Measure {
  title: string
  /** The subject of the figure, if the title does not name it. */
  label: string
  unit: string
  better: 'more' | 'less'
}

export const MEASURES = {
  secretRate: { title: '/secret', label: 'answers a second', unit: '/s', better: 'more' },
  secretP50: { title: '/secret', label: 'median latency', unit: 'ms', better: 'less' },
  secretP99: { title: '/secret', label: '99th percentile', unit: 'ms', better: 'less' },
  secretCpu: { title: '/secret', label: 'CPU time a request', unit: 'µs', better: 'less' },
  loginRate: { title: 'login', label: 'logins a second', unit: '/s', better: 'more' },
  loginShare: { title: 'login', label: 'share of bcrypt alone', unit: '%', better: 'more' },
  loginP50: { title: 'login', label: 'median latency', unit: 'ms', better: 'less' },
  registerRate: { title: 'register', label: 'registrations a second', unit: '/s', better: 'more' },
  registerShare: { title: 'register', label: 'share of bcrypt alone', unit: '%', better: 'more' },
  stormP50: { title: '/secret in a login storm', label: 'median latency', unit: 'ms', better: 'less' },
  stormP99: { title: '/secret in a login storm', label: '99th percentile', unit: 'ms', better: 'less' },
  stormMax: { title: '/secret in a login storm', label: 'slowest', unit: 'ms', better: 'less' },
  memory: { title: 'memory', label: 'after load', unit: 'MB', better: 'less' },
  memoryIdle: { title: 'memory', label: 'just started', unit: 'MB', better: 'less' },
  startUp: { title: 'start', label: 'until it answers', unit: 'ms', better: 'less' }
} as const satisfies Record<string, Measure>

export type MeasureName = keyof typeof MEASURES

export const MEASURE_NAMES = Object.keys(MEASURES) as MeasureName[]

/** By measure and target, the value of each round; none where it could not be taken. */
export type Figures = Partial<Record<MeasureName, Record<string, (number | null)[]>>>

/** The figures of all rounds, as they come in. */
export class Notebook {
  readonly figures: Figures = {}
  round = 0

  note(measure: MeasureName, target: string, value: number | null): void {
    this.figures[measure] ??= {}
    const ofMeasure = this.figures[measure]
    ofMeasure[target] ??= []
    const values = ofMeasure[target]
    while (values.length < this.round) values.push(null)
    values[this.round] = Number.isFinite(value) ? value : null
  }

  /** Values that were measured outside a round, assigned to this round. */
  take(sheet: Notebook): void {
    for (const measure of MEASURE_NAMES) {
      for (const [target, [value = null]] of Object.entries(sheet.figures[measure] ?? {}))
        this.note(measure, target, value)
    }
  }
}

/** The label with its unit, unless it contains that: `logins a second`, `median latency, ms`. */
export const heading = ({ label, unit }: Pick<Measure, 'label' | 'unit'>) =>
  unit === '/s' ? label : `${label}, ${unit}`

/** What there is to read and to keep up to date of a service. */
export const sizeOf = ({ lines, packages }: { lines: number; packages: number }) =>
  `${lines.toLocaleString('en')} lines of source, ${packages} packages`

/** Three digits that count: `12,300`, `4.56`, `0.0789`. */
export const number = (value: number) =>
  value.toLocaleString('en', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 })
