import { createStore } from './store.ts'

/** An address within the console, such as `#/users/<id>` or `#/record?action=login`. It never reaches the service. */
export interface Place {
  /** Such as `['users', '<id>']`. */
  parts: string[]
  query: Record<string, string>
}

export const place = createStore<Place>(read())

function read(): Place {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2)
  return { parts: path.split('/').filter(Boolean).map(decode), query: Object.fromEntries(new URLSearchParams(query)) }
}

/** A part that is no valid URL stays as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

window.addEventListener('hashchange', () => place.set(read()))

/** Reads the address again, after it was replaced without an event. */
export const readPlace = (): void => place.set(read())

export function addressOf(parts: string[], query: Record<string, string | undefined> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  return `#/${parts.map(encodeURIComponent).join('/')}${search}`
}

/** Goes to another place. @param replace whether this one leaves the history */
export function go(address: string, replace = false): void {
  if (!replace) {
    location.hash = address
    return
  }
  history.replaceState(null, '', address)
  readPlace()
}
