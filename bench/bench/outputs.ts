import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { toPage } from '../compare/page.ts'
import { type Result, writeResult } from '../compare/result.ts'
import { messageOf, Refusal } from './refusal.ts'

/** Where the result goes. */
export interface Outputs {
  json: string[]
  html: string[]
}

/** @throws Refusal where a file could not be written: better said before the measurement than after it */
export function checkOutputs({ json, html }: Outputs): void {
  for (const file of [...json, ...html]) {
    const isThere = existsSync(file)
    try {
      closeSync(openSync(file, 'a'))
    } catch (error) {
      throw new Refusal(`nothing can be written there: ${messageOf(error)}`)
    }
    if (!isThere) rmSync(file)
  }
}

export function writeOutputs({ json, html }: Outputs, result: Result): void {
  for (const file of json) writeResult(file, result)
  for (const file of html) writeFileSync(file, toPage(result))
}
