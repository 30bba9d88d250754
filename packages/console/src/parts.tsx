import type { ComponentChildren, InputHTMLAttributes } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Refusal } from './api.ts'
import { hasPages, signIn, stepUp } from './session.ts'
import { createStore } from './store.ts'

/** The confirmation of the last change, and the address at which it is shown. */
export const notice = createStore({ text: '', at: '' })

/** Tells what was done, until another place is shown. */
export const tell = (text: string): void => notice.set({ text, at: location.hash })

window.addEventListener('hashchange', () => {
  if (notice.get().at !== location.hash) tell('')
})

/** The dialog that is open. */
export const dialog = createStore<ComponentChildren>(null)

let following: ComponentChildren = null

/** Opens a dialog when the one that is open has closed, which the browser tells later. */
export function thenOpen(next: ComponentChildren): void {
  if (dialog.get() === null) dialog.set(next)
  else following = next
}

function onClosed(): void {
  dialog.set(following)
  following = null
}

/** A heading of a screen. It gets the focus when the screen comes, so that a screen reader reads it. */
export function Heading({
  title,
  children,
  actions
}: {
  title: string
  children?: ComponentChildren
  actions?: ComponentChildren
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} – Latchkey console`
    heading.current?.focus({ preventScroll: true })
  }, [title])
  return (
    <div class="heading">
      <h1 ref={heading} tabIndex={-1}>
        {children ?? title}
      </h1>
      {actions && <div class="actions">{actions}</div>}
    </div>
  )
}

/** An error message, with the button that resolves it. */
export function Fault({ error, retry }: { error: unknown; retry?: () => void }) {
  if (error === undefined) return null
  const refusal = error instanceof Refusal ? error : undefined
  if (refusal?.code === 'STEP_UP_REQUIRED') return <StepUp needsFactor={refusal.needsFactor} />
  return (
    <div class="fault" role="alert">
      <p>
        {refusal?.message ?? 'Something went wrong.'}
        {refusal?.retryAfter && ` Wait ${refusal.retryAfter} s.`}
      </p>
      {refusal?.errors.map(({ path, message }) => (
        <p key={path}>
          {path.slice(1).replaceAll('/', ' ') || 'It'} {message}.
        </p>
      ))}
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  )
}

function StepUp({ needsFactor }: { needsFactor: boolean }) {
  return (
    <div class="fault" role="alert">
      <p>
        {needsFactor
          ? 'This needs a sign-in with two factors.'
          : 'This needs a recent sign-in. Afterwards you are here again; nothing was changed yet.'}
      </p>
      {hasPages ? (
        <div class="actions">
          <Button kind="main" onClick={stepUp}>
            Confirm that it is you
          </Button>
          <Button onClick={() => signIn()}>Sign in again</Button>
          {needsFactor && (
            <a class="button" href="pages/account">
              Set up a second factor
            </a>
          )}
        </div>
      ) : (
        <p>This service has no pages for it (PAGES=off): sign in again where you did.</p>
      )}
    </div>
  )
}

interface ButtonProps {
  kind?: 'main' | 'danger' | 'quiet'
  onClick?: () => void
  type?: 'button' | 'submit'
  busy?: boolean
  /** The name for a screen reader, if the text is not enough. */
  label?: string
  children: ComponentChildren
}

export function Button({ kind = 'quiet', onClick, type = 'button', busy = false, label, children }: ButtonProps) {
  return (
    <button type={type} class={kind} onClick={onClick} aria-disabled={busy} {...(label && { 'aria-label': label })}>
      {children}
    </button>
  )
}

interface DialogProps {
  title: string
  /** The text of the button that confirms; without one, the dialog can only be closed. */
  action?: string
  danger?: boolean
  /** Does it. The dialog closes when it is done; otherwise it shows the refusal. */
  onDo?: (fields: FormData) => Promise<unknown>
  children: ComponentChildren
}

/** Asks, in a native dialog: the browser keeps the focus within, and Escape closes it. */
export function Dialog({ title, action, danger = false, onDo, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false })
  const id = useId()
  useEffect(() => element.current?.showModal(), [])

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    if (state.busy || !onDo) return
    setState({ busy: true })
    try {
      await onDo(new FormData(event.currentTarget as HTMLFormElement))
      element.current?.close()
    } catch (error) {
      setState({ busy: false, error })
    }
  }

  return (
    <dialog ref={element} aria-labelledby={id} onClose={onClosed}>
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {children}
        <Fault error={state.error} />
        <div class="actions">
          <Button onClick={() => element.current?.close()}>{action ? 'Cancel' : 'Close'}</Button>
          {action && (
            <Button type="submit" kind={danger ? 'danger' : 'main'} busy={state.busy}>
              {action}
            </Button>
          )}
        </div>
      </form>
    </dialog>
  )
}

/** A text field with its label. */
export function Field({ label, name, hint, ...rest }: { label: string; name: string; hint?: string } & FieldProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        autocomplete="off"
        {...(hint && { 'aria-describedby': `${id}-hint` })}
        {...(rest as InputHTMLAttributes<HTMLInputElement>)}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}

interface FieldProps {
  type?: string
  value?: string
  defaultValue?: string
  required?: boolean
  placeholder?: string
  maxLength?: number
  min?: string
  max?: string
  inputMode?: 'numeric'
  autocomplete?: string
  spellcheck?: boolean
  onInput?: (event: InputEvent) => void
  onChange?: (event: Event) => void
}

export function Choice({
  label,
  name,
  value,
  checked
}: {
  label: ComponentChildren
  name: string
  value?: string
  checked?: boolean
}) {
  return (
    <label class="choice">
      <input type="checkbox" name={name} value={value ?? 'on'} defaultChecked={checked ?? false} />
      <span>{label}</span>
    </label>
  )
}

interface SelectProps {
  label: string
  name: string
  value: string
  options: readonly (readonly [value: string, label: string])[]
  onChange?: (value: string) => void
}

export function Select({ label, name, value, options, onChange }: SelectProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} value={value} onChange={(event) => onChange?.(event.currentTarget.value)}>
        {options.map(([each, text]) => (
          <option key={each} value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}

/** The text of a list without entries. */
export function Empty({ what, isSearching, more }: { what: string; isSearching: boolean; more: unknown }) {
  const none = more ? `None so far: More looks at older ${what}s.` : `No ${what} fits.`
  return (
    <p class="empty" role="status">
      {isSearching ? `Searching older ${what}s…` : none}
    </p>
  )
}

/** Loads the next page of a list. */
export function More({ more }: { more: (() => Promise<void>) | undefined }) {
  const [busy, setBusy] = useState(false)
  if (!more) return null
  const load = () => {
    if (busy) return
    setBusy(true)
    more().finally(() => setBusy(false))
  }
  return (
    <p class="more">
      <Button onClick={load} busy={busy}>
        More
      </Button>
    </p>
  )
}

export const Tag = ({ kind, children }: { kind?: 'good' | 'bad'; children: ComponentChildren }) => (
  <span class={kind ? `tag ${kind}` : 'tag'}>{children}</span>
)
