import type { Answer, Request } from './http.ts'

/** An input of a form, by its attributes. */
type Input = Record<string, string>

/** A form of a page. */
export interface Form {
  /** The path to which it is sent. */
  action: string
  inputs: Input[]
}

/** A page as it was answered. */
export interface Page extends Answer {
  path: string
  forms: Form[]
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" }

const unescapeHtml = (text: string) => text.replaceAll(/&([\w#]+);/g, (whole, name: string) => ENTITIES[name] ?? whole)

const attributesOf = (tag: string): Input =>
  Object.fromEntries(
    [...tag.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name, value = '']) => [String(name), unescapeHtml(value)])
  )

/** The path of a relative URL on a page. */
const resolve = (path: string, url: string): string => {
  const { pathname, search } = new URL(url, `http://service${path}`)
  return `${pathname}${search}`
}

function formsOf(path: string, body: string): Form[] {
  return [...body.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, tag = '', content = '']) => ({
    action: resolve(path, attributesOf(tag).action ?? ''),
    inputs: [...content.matchAll(/<input\b([^>]*)>/g)].map(([, input = '']) => attributesOf(input))
  }))
}

/** The first form of a page with an input that a browser fills in with this (HTML §4.10.18.7). */
export function formWith({ forms, path }: Page, autocomplete: string): Form {
  const form = forms.find(({ inputs }) => inputs.some((input) => input.name && isFor(input, autocomplete)))
  if (!form) throw new Error(`${path} has no form with ${autocomplete}`)
  return form
}

const isFor = (input: Input, autocomplete: string) => (input.autocomplete ?? '').split(' ').includes(autocomplete)

/** The cookies of an answer, by name: with their attributes, in lower case. */
export function cookiesOf({ headers }: Answer): Map<string, { value: string; attributes: string[] }> {
  const cookies = (headers['set-cookie'] ?? '').split(/,(?=\s*[\w-]+=)/).filter(Boolean)
  return new Map(
    cookies.map((cookie) => {
      const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim())
      const end = pair.indexOf('=')
      return [
        pair.slice(0, end),
        { value: pair.slice(end + 1), attributes: attributes.map((each) => each.toLowerCase()) }
      ]
    })
  )
}

/** A browser without scripts: it keeps cookies, and fills in and sends forms. */
export function createVisitor(request: Request, origin: string) {
  const cookies = new Map<string, string>()

  async function ask(path: string, headers: Record<string, string>, body?: string): Promise<Page> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await request({
      path,
      headers: { ...(cookie && { cookie }), ...headers },
      ...(body !== undefined && { body })
    })
    for (const [name, { value }] of cookiesOf(answer)) {
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return { ...answer, path, forms: formsOf(path, answer.body) }
  }

  return {
    cookies,
    open: (path: string) => ask(path, {}),
    /**
     * Sends a form.
     *
     * @param values by what browsers fill in; hidden fields go along
     */
    send({ action, inputs }: Form, values: Record<string, string>, headers: Record<string, string> = { origin }) {
      const fields = inputs.flatMap((input): [name: string, value: string][] => {
        if (!input.name) return []
        const [, value] = Object.entries(values).find(([autocomplete]) => isFor(input, autocomplete)) ?? []
        return [[input.name, value ?? input.value ?? '']]
      })
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      return ask(action, { ...type, ...headers }, new URLSearchParams(fields).toString())
    },
    /** Where an answer leads: a path of the service. */
    leadsTo: ({ path, status, headers }: Page) =>
      status === 303 && headers.location !== undefined ? resolve(path, headers.location) : undefined
  }
}

export type Visitor = ReturnType<typeof createVisitor>
