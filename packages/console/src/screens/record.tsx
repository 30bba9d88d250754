import type { ComponentChildren } from 'preact'
import { useListed } from '../loading.ts'
import { Button, Empty, Fault, Field, Heading, More, Select } from '../parts.tsx'
import { addressOf, go } from '../router.ts'
import { Text, Time } from '../text.tsx'
import type { LogRecord } from '../types.ts'
import { ACTIONS } from '../vocabulary.ts'

const FILTERS = ['account', 'by', 'action', 'address', 'after', 'before'] as const

/** Narrow windows show the records first. */
const WIDE = matchMedia('(min-width: 721px)')

type Filters = Partial<Record<(typeof FILTERS)[number], string>>

/** The audit log, the newest first, by filters that are part of the address. */
export function RecordScreen({ query }: { query: Filters }) {
  const known = Object.fromEntries(FILTERS.map((name) => [name, query[name]]))
  const filters = { ...known, after: toTime(query.after), before: toTime(query.before) }
  const { rows, error, more, isSearching, reload } = useListed<'records', LogRecord>('records', 'admin/audit', filters)
  function filter(event: SubmitEvent): void {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const given = Object.fromEntries(FILTERS.map((name) => [name, String(fields.get(name) ?? '').trim()]))
    const address = addressOf(['record'], given)
    if (address === addressOf(['record'], query)) reload()
    else go(address)
  }
  return (
    <>
      <Heading title="Record" />
      <details open={Object.keys(query).length > 0 || WIDE.matches}>
        <summary>Filters</summary>
        {/* Another address is another form: its fields show the filters. */}
        <form class="filters" key={JSON.stringify(query)} onSubmit={filter}>
          <Select
            label="Action"
            name="action"
            value={query.action ?? ''}
            options={[['', 'All'], ...ACTIONS.map((action) => [action, action] as const)]}
          />
          <Field label="Account (id)" name="account" defaultValue={query.account ?? ''} spellcheck={false} />
          <Field label="Done by (id)" name="by" defaultValue={query.by ?? ''} spellcheck={false} />
          <Field label="Address (IP)" name="address" defaultValue={query.address ?? ''} spellcheck={false} />
          <Field label="After" name="after" type="datetime-local" defaultValue={query.after ?? ''} />
          <Field label="Before" name="before" type="datetime-local" defaultValue={query.before ?? ''} />
          <div class="actions">
            <Button type="submit" kind="main">
              Filter
            </Button>
            <a class="button" href="#/record">
              Clear
            </a>
          </div>
        </form>
      </details>
      <Fault error={error} retry={reload} />
      {rows?.length === 0 && <Empty what="record" isSearching={isSearching} more={more} />}
      {rows && rows.length > 0 && <Records records={rows} withAccount />}
      <More more={isSearching ? undefined : more} />
    </>
  )
}

/** A time of a field, which is in the zone of the browser, as the service reads it. */
function toTime(local: string | undefined): string | undefined {
  const time = new Date(local ?? '')
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}

/** Records as a table, which narrow windows show as lines. */
export function Records({ records, withAccount = false }: { records: LogRecord[]; withAccount?: boolean }) {
  return (
    <div class="card table">
      <table class="records">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            {withAccount && <th scope="col">Account</th>}
            <th scope="col">Who</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <Row key={record.seq} record={record} withAccount={withAccount} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ record, withAccount }: { record: LogRecord; withAccount: boolean }) {
  const { at, actor, action, account, address, detail } = record
  const { by, ...details } = detail ?? {}
  return (
    <tr>
      <td>
        <Time at={at} />
      </td>
      <td>
        <strong>{action}</strong> <Details of={details} />
      </td>
      {withAccount && <td>{account && <Id of={account} />}</td>}
      <td>
        {actor}
        {typeof by === 'string' && by !== account && (
          <>
            {' '}
            <Id of={by} />
          </>
        )}
      </td>
      <td>{address && <Filter filters={{ address }}>{address}</Filter>}</td>
    </tr>
  )
}

/** The end of an id tells accounts apart: what is before it is a time. */
const END = 8

function Id({ of: id }: { of: string }) {
  const isAccount = id.includes('-')
  const text = isAccount ? `…${id.slice(-END)}` : `key ${id.slice(0, END)}…`
  return isAccount ? (
    <a href={addressOf(['users', id])} title={id}>
      <code>{text}</code>
    </a>
  ) : (
    <Filter filters={{ by: id }}>
      <code>{text}</code>
    </Filter>
  )
}

const Filter = ({ filters, children }: { filters: Filters; children: ComponentChildren }) => (
  <a href={addressOf(['record'], filters)}>{children}</a>
)

function Details({ of: details }: { of: Record<string, unknown> }) {
  const entries = Object.entries(details)
  if (entries.length === 0) return null
  return (
    <span class="pale">
      {entries.map(([name, value], index) => (
        <>
          {index > 0 && ', '}
          {name.replaceAll('_', ' ')}: <Text>{Array.isArray(value) ? value.join(' ') || 'none' : String(value)}</Text>
        </>
      ))}
    </span>
  )
}
