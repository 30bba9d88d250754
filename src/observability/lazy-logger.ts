import type { Bindings, ChildLoggerOptions, Logger } from 'pino'

/** What a request says goes through these; `child` is for who makes a logger of the request's. */
const METHODS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent', 'child'] as const

/** The logger of one request, as Fastify asks for it. */
export type RequestLogger = Pick<Logger, (typeof METHODS)[number] | 'level' | 'isLevelEnabled'>

/**
 * A logger that is made when something is said through it. Most requests say nothing, and to make one for each would
 * take as long as to check its token.
 */
class LazyLogger {
  readonly #parent: Logger
  readonly #bindings: Bindings
  readonly #options: ChildLoggerOptions
  #made: Logger | undefined

  constructor(parent: Logger, bindings: Bindings, options: ChildLoggerOptions) {
    this.#parent = parent
    this.#bindings = bindings
    this.#options = options
  }

  get logger(): Logger {
    this.#made ??= this.#parent.child(this.#bindings, this.#options)
    return this.#made
  }

  get level(): string {
    return this.logger.level
  }

  isLevelEnabled(level: string): boolean {
    return this.logger.isLevelEnabled(level)
  }
}

for (const method of METHODS) {
  Object.defineProperty(LazyLogger.prototype, method, {
    value(this: LazyLogger, ...given: unknown[]): unknown {
      return (this.logger[method] as (...given: unknown[]) => unknown)(...given)
    }
  })
}

/** A child of a logger, with its bindings and options, made no sooner than it is needed. */
export function createRequestLogger(parent: Logger, bindings: Bindings, options: ChildLoggerOptions): RequestLogger {
  return new LazyLogger(parent, bindings, options) as unknown as RequestLogger
}
