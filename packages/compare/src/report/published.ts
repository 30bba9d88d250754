/** Options for input and output, which do not affect the measurement. */
const FILES = ['--json', '--html', '--svg', '--markdown', '--from']

/** The value after `=`: quoted, within a quoted text, a substitution, or one word of the shell. */
const VALUE = String.raw`(?:'[^']*'?|\\?"(?:\\.|[^"\\])*"?|\$\([^)]*\)?|\$\{[^}]*\}?|${'`[^`]*`?'}|\\.|[^\s'"\\;&|<>()${'`'}])*`

/** The first form is that of an assignment that is quoted as a whole, such as in `docker run -e "KEY=a secret"`. */
const ASSIGNMENT = new RegExp(`(["'])([\\w.-]+)=((?:\\\\.|(?!\\1).)*)\\1|([\\w.-]+)=(${VALUE})`, 'gs')

/** A number, a switch, and a variable of the shell, which a single quote would make a text. */
const HARMLESS = /^(?:(["']?)(?:\d+|on|off)\1|("?)\$(?:\w+|\{\w+\})(?:\/[\w./-]*)?\2)$/

/**
 * A command line as a result shows it, which is there for all to read: without its files, without the values that the
 * commands of --start assign, and without what a URL says of who asks.
 */
export function published(program: string, words: string[]): string {
  const shown: string[] = []
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (FILES.includes(word)) rest.shift()
    else if (word === '--start') shown.push(word, started(rest.shift() ?? ''))
    else if (word.startsWith('--start=')) shown.push(`--start=${started(word.slice('--start='.length))}`)
    else if (!FILES.some((option) => word?.startsWith(`${option}=`))) shown.push(word)
  }
  return [program, ...shown.map((word) => quoted(word.replaceAll(/\/\/\S*@/g, '//…@')))].join(' ')
}

/** `NAME=COMMAND`, with the name as it is. */
function started(text: string): string {
  const [name = '', ...command] = text.split('=')
  return [name, ...(command.length === 0 ? [] : [masked(command.join('='))])].join('=')
}

const masked = (command: string) =>
  command.replaceAll(ASSIGNMENT, (_, quote, quotedName, quotedValue, name, value) =>
    quote ? `${quote}${assigned(quotedName, quotedValue)}${quote}` : assigned(name, value)
  )

const assigned = (name: string, value: string) => `${name}=${HARMLESS.test(value) ? value : '…'}`

const quoted = (word: string) => (/^[\w./:=,@…-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)
