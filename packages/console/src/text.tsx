/** Text of strangers: it shows itself, and looks like nothing else. */

/** Characters that show nothing or change the direction of others; U+2800 is a blank sign. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800]/u

const LEFT_TO_RIGHT = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u

/** Scripts whose letters look like each other's. */
const ALIKE = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u
]

export const codePoint = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** Whether a text mixes directions, or scripts with letters alike. */
const isMixed = (text: string) =>
  (LEFT_TO_RIGHT.test(text) && RIGHT_TO_LEFT.test(text)) || ALIKE.filter((script) => script.test(text)).length > 1

/** Text on its own: with code points in place of what is hidden, and beside a text that is mixed. */
export function Text({ children }: { children: string }) {
  const parts = [...children].reduce<{ text: string; hidden: boolean }[]>((all, character) => {
    const hidden = HIDDEN.test(character)
    const last = all.at(-1)
    if (last && !hidden && !last.hidden) last.text += character
    else all.push({ text: character, hidden })
    return all
  }, [])
  const foreign = isMixed(children) ? [...children].filter((character) => /[^\p{ASCII}]/u.test(character)) : []
  return (
    <bdi>
      {parts.map(({ text, hidden }) => (hidden ? <code class="point">{codePoint(text)}</code> : text))}
      {foreign.length > 0 && (
        <>
          {' '}
          <code class="point">{[...new Set(foreign)].map(codePoint).join(' ')}</code>
        </>
      )}
    </bdi>
  )
}

/** The name of an account. */
export const nameOf = ({ username, email, id }: { username: string | null; email: string | null; id: string }) =>
  username ?? email ?? id

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** A time to the second, in the zone of the browser; its title is the time as the service gives it. */
export function Time({ at, date = false }: { at: string; date?: boolean }) {
  return (
    <time dateTime={at} title={at}>
      {(date ? DATE : TIME).format(new Date(at))}
    </time>
  )
}

const NUMBER = new Intl.NumberFormat()
export const count = (value: number): string => NUMBER.format(value)

/** A number with its noun. */
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

/** The browser of a session, as far as it is known well; otherwise what it says of itself. */
export function agentName(agent: string | null): string {
  if (!agent) return 'Unknown browser'
  const browser = BROWSERS.find(([, pattern]) => pattern.test(agent))?.[0]
  const system = SYSTEMS.find(([, pattern]) => pattern.test(agent))?.[0]
  return browser && system && /^Mozilla\/5\.0 \([\w\s.;:,/+-]+\) /.test(agent) ? `${browser} on ${system}` : agent
}

const BROWSERS: [name: string, pattern: RegExp][] = [
  ['Edge', /Edg\//],
  ['Opera', /OPR\//],
  ['Firefox', /Firefox\//],
  ['Chrome', /Chrome\//],
  ['Safari', /Safari\//]
]

const SYSTEMS: [name: string, pattern: RegExp][] = [
  ['Android', /Android/],
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['Windows', /Windows/],
  ['macOS', /Macintosh/],
  ['Linux', /Linux/]
]
