import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf, Refusal } from '../refusal.ts'
import { toMarkdown } from './markdown.ts'
import { toPage } from './page.ts'
import { toPicture } from './picture.ts'
import { type Result, writeResult } from './result.ts'

/** Where the result goes. */
export interface Outputs {
  json: string[]
  html: string[]
  svg?: string[]
  markdown?: string[]
}

/** The outputs that the options name. */
export const outputsOf = ({
  json,
  html,
  svg,
  markdown
}: Partial<Record<keyof Outputs, string | undefined>>): Outputs => ({
  json: json === undefined ? [] : [json],
  html: html === undefined ? [] : [html],
  ...(svg !== undefined && { svg: [svg] }),
  ...(markdown !== undefined && { markdown: [markdown] })
})

/** @throws Refusal where a file could not be written, or is named twice: better said before the measurement than after it */
export function checkOutputs({ json, html, svg = [], markdown = [] }: Outputs): void {
  const files = [...json, ...html, ...svg, ...markdown]
  const paths = files.map((file) => resolve(file))
  const twice = files.find((_, index) => paths.indexOf(paths[index] as string) !== index)
  if (twice !== undefined) throw new Refusal(`${twice} is named for two outputs: one would be lost`)
  for (const file of files) checkWritable(file)
}

function checkWritable(file: string): void {
  const isThere = existsSync(file)
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw new Refusal(`nothing can be written there: ${messageOf(error)}`)
  }
  if (!isThere) rmSync(file)
}

export function writeOutputs({ json, html, svg = [], markdown = [] }: Outputs, result: Result): void {
  for (const file of json) writeResult(file, result)
  for (const file of html) writeFileSync(file, toPage(result))
  for (const file of svg) writeFileSync(file, toPicture(result))
  for (const file of markdown) writeFileSync(file, toMarkdown(result))
}
