import { useState } from 'preact/hooks'
import { useLoaded } from '../loading.ts'
import { Fault, Heading, Select, Tag } from '../parts.tsx'
import { addressOf } from '../router.ts'
import { count } from '../text.tsx'
import type { Day, Statistics } from '../types.ts'

const DAYS = [
  ['7', '7 days'],
  ['30', '30 days'],
  ['90', '90 days']
] as const

type Figure = Exclude<keyof Day, 'date'>

const CHARTS: [title: string, figure: Figure, kind: string, action: string][] = [
  ['Sign-ins', 'login', 'good', 'login'],
  ['Failed sign-ins', 'login_failed', 'bad', 'login failed'],
  ['Throttled requests', 'throttled', 'bad', 'login throttled'],
  ['Registrations', 'registered', 'good', 'registered']
]

/** How the service is, and what happened each day. */
export function OverviewScreen() {
  const [days, setDays] = useState('30')
  const { value, error, reload } = useLoaded<Statistics>(`admin/stats?days=${days}`)
  return (
    <>
      <Heading title="Overview" />
      <Fault error={error} retry={reload} />
      {value && <Tiles statistics={value} />}
      <div class="filters narrow">
        <Select label="Period" name="days" value={days} options={DAYS} onChange={setDays} />
      </div>
      {value && (
        <div class="charts">
          {CHARTS.map(([title, figure, kind, action]) => (
            <Chart key={figure} title={title} figure={figure} kind={kind} action={action} days={value.days} />
          ))}
        </div>
      )}
      {value && <Numbers days={value.days} />}
    </>
  )
}

const sum = (days: Day[], figure: Figure) => days.reduce((total, day) => total + day[figure], 0)

function Tiles({ statistics: { users, sessions, days } }: { statistics: Statistics }) {
  const lost = sum(days, 'mails_lost')
  const tiles: [name: string, value: number, address: string | undefined][] = [
    ['Accounts', users.total, addressOf(['users'])],
    ['Active sessions', sessions.living, undefined],
    ['Disabled', users.disabled, addressOf(['users'], { state: 'disabled' })],
    ['Not verified', users.unverified, addressOf(['users'], { state: 'unverified' })],
    ['Invited', users.invited, addressOf(['users'], { state: 'invited' })],
    ['Mails lost', lost, addressOf(['record'], { action: 'mail lost' })]
  ]
  return (
    <ul class="tiles">
      <Health />
      {tiles.map(([name, value, address]) => (
        <li key={name} class="card">
          <span class="pale">{address ? <a href={address}>{name}</a> : name}</span>
          <strong>{count(value)}</strong>
        </li>
      ))}
    </ul>
  )
}

/** Whether the service is ready: it answers, and its database takes writes. */
function Health() {
  const { value, error } = useLoaded<{ status?: string }>('health/ready')
  return (
    <li class="card">
      <span class="pale">Service</span>
      <strong>{error ? <Tag kind="bad">not ready</Tag> : value ? <Tag kind="good">ready</Tag> : '…'}</strong>
    </li>
  )
}

const [WIDTH, HEIGHT, GAP] = [600, 120, 1]

interface ChartProps {
  title: string
  figure: Figure
  kind: string
  action: string
  days: Day[]
}

/** Bars, one a day. The numbers are also in a table. */
function Chart({ title, figure, kind, action, days }: ChartProps) {
  const highest = Math.max(1, ...days.map((day) => day[figure]))
  const step = WIDTH / days.length
  const total = sum(days, figure)
  const [first, last] = [days[0]?.date ?? '', days.at(-1)?.date ?? '']
  return (
    <figure class={`card chart ${kind}`}>
      <figcaption>
        <a href={addressOf(['record'], { action })}>{title}</a> <strong>{count(total)}</strong>
        <span class="pale"> {total === 0 ? 'none in this period' : `at most ${count(highest)} a day`}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}, ${first} to ${last}: ${total}`}
      >
        <line x1="0" y1={HEIGHT - 0.5} x2={WIDTH} y2={HEIGHT - 0.5} />
        {days.map((day, index) => {
          const height = (day[figure] / highest) * (HEIGHT - 4)
          return (
            <rect key={day.date} x={index * step + GAP} y={HEIGHT - height} width={step - 2 * GAP} height={height}>
              <title>{`${day.date}: ${day[figure]}`}</title>
            </rect>
          )
        })}
      </svg>
      <p class="axis pale">
        <span>{first}</span>
        <span>{last}</span>
      </p>
    </figure>
  )
}

function Numbers({ days }: { days: Day[] }) {
  return (
    <details>
      <summary>The numbers of each day (UTC)</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls what has the focus */}
      <section class="card table scrolls" tabIndex={0} aria-label="The numbers of each day">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              {CHARTS.map(([title]) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
              <th scope="col">Mails lost</th>
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map((day) => (
              <tr key={day.date}>
                <th scope="row">{day.date}</th>
                {CHARTS.map(([, figure]) => (
                  <td key={figure}>{count(day[figure])}</td>
                ))}
                <td>{count(day.mails_lost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}
