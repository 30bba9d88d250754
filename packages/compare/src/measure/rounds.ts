import { Notebook } from '../report/figures.ts'
import type { Result } from '../report/result.ts'
import { watchOthers } from './local-processes.ts'
import {
  bcryptAlone,
  measureLogin,
  measureMemory,
  measureRegister,
  measureSecret,
  measureStorm,
  type Settings
} from './measures.ts'
import { median } from './statistics.ts'
import type { Subject } from './subject.ts'

/** The share of the machine that others may take before a measurement is taken again. */
const DISTURBED = 0.1

export interface Options extends Settings {
  /** How often a disturbed measurement is taken again. */
  retries: number
  /** The address of an empty server. */
  control: string
  /** Called with the next step, and the fraction that is done. */
  progress: (what: string, done: number) => void
  /** Starts measuring the share of the machine that other processes use. */
  watch?: typeof watchOthers
}

type Measured = Pick<Result, 'bcrypt' | 'control' | 'others'>

/**
 * All rounds: each takes every measurement of every subject in turn, and the next round begins with another subject, so
 * that a slow spell of the machine falls on all of them.
 *
 * @param bare subjects that have no accounts, of which /secret alone is measured
 * @throws ServiceError at the first answer that is not as expected
 */
export async function measureRounds(
  subjects: Subject[],
  options: Options,
  notes = new Notebook(),
  bare: Subject[] = []
): Promise<Measured & { notes: Notebook }> {
  const { watch = watchOthers, control } = options
  const measured: Measured = { bcrypt: [], control: [], others: [] }
  const steps = options.rounds * (subjects.length * 4 + bare.length + 1)
  let done = 0
  await warmUp([...subjects, ...bare], options)

  /** Takes a measurement, and again where others were in the way. */
  async function take<Value>(subject: Subject | undefined, what: string, work: (trial: Notebook) => Promise<Value>) {
    const { value, others, trial } = await leastDisturbed(options.retries, async (again) => {
      const round = `round ${notes.round + 1} of ${options.rounds}`
      options.progress(`${round}: ${what}${again ? ', again' : ''}`, done / steps)
      subject?.find()
      // A token may not live as long as a measurement is taken again and again.
      await subject?.renew()
      const trial = new Notebook()
      const watched = watch(subject?.pids ?? [])
      const value = await work(trial)
      return { value, others: watched(), trial }
    })
    done += 1
    if (others !== null) measured.others.push(others)
    notes.take(trial)
    return value
  }

  for (let round = 0; round < options.rounds; round += 1) {
    notes.round = round
    const turn = rotate(subjects, round)
    for (const subject of rotate([...subjects, ...bare], round)) {
      await take(subject, `${subject.name}, /secret`, (trial) => measureSecret(subject, options, trial))
    }
    const alone = await take(undefined, 'bcrypt alone', () => bcryptAlone(options))
    measured.bcrypt.push(alone)
    for (const subject of turn) {
      await take(subject, `${subject.name}, login`, (trial) => measureLogin(subject, options, trial, alone))
    }
    for (const subject of turn) {
      await take(subject, `${subject.name}, register`, (trial) => measureRegister(subject, options, trial, alone))
    }
    const late: number[] = []
    for (const subject of turn) {
      const storm = (trial: Notebook) => measureStorm(subject, options, trial, { alone, control })
      late.push(await take(subject, `${subject.name}, /secret in a login storm`, storm))
    }
    measured.control.push(median(late))
    for (const subject of subjects) measureMemory(subject, notes)
  }
  return { ...measured, notes }
}

/** Repeats a disturbed measurement up to a number of times; the least disturbed one counts. */
async function leastDisturbed<Trial extends { others: number | null }>(
  retries: number,
  attempt: (again: boolean) => Promise<Trial>
): Promise<Trial> {
  const disturbance = ({ others }: Trial) => others ?? 0
  let best = await attempt(false)
  for (let left = retries; left > 0 && disturbance(best) >= DISTURBED; left -= 1) {
    const next = await attempt(true)
    if (disturbance(next) < disturbance(best)) best = next
  }
  return best
}

/** Begins with another each time: A B C, then B C A. */
export function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const first = items.length === 0 ? 0 : by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}

/** Warms up: the first requests are slower. */
async function warmUp(subjects: Subject[], { progress, ...settings }: Options): Promise<void> {
  const scratch = new Notebook()
  for (const subject of subjects) {
    progress(`warming up: ${subject.name}`, 0)
    await subject.renew()
    await measureSecret(subject, { ...settings, seconds: Math.min(2, settings.seconds) }, scratch)
  }
}
