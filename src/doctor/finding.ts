/** What a look at an installation has found: `bad` is what must not stay so, a warning what may be meant. */
export interface Finding {
  about: string
  state: 'good' | 'warning' | 'bad'
  message: string
  /** How to mend it. */
  mend?: string
}

export const good = (about: string, message: string): Finding => ({ about, state: 'good', message })
export const warning = (about: string, message: string, mend: string): Finding => ({
  about,
  state: 'warning',
  message,
  mend
})
export const bad = (about: string, message: string, mend: string): Finding => ({ about, state: 'bad', message, mend })
