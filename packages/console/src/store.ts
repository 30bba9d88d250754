import { useEffect, useState } from 'preact/hooks'

/** A value that components follow. */
export interface Store<Value> {
  get(): Value
  set(value: Value): void
  /** A hook: the value, and a new rendering when it changes. */
  use(): Value
}

export function createStore<Value>(value: Value): Store<Value> {
  let current = value
  const listeners = new Set<(value: Value) => void>()
  return {
    get: () => current,
    set(next) {
      current = next
      for (const listener of listeners) listener(next)
    },
    use() {
      const [shown, show] = useState<{ value: Value }>({ value: current })
      useEffect(() => {
        const listener = (next: Value) => show({ value: next })
        listeners.add(listener)
        listener(current)
        return () => {
          listeners.delete(listener)
        }
      }, [])
      return shown.value
    }
  }
}
