import type { Problem } from '../../errors.ts'
import { renderProblem } from '../form.ts'
import { type PageContext, say, type View } from '../layout.ts'
import { describeProblem } from '../problems.ts'
import type { TextKey } from '../texts.ts'

/** A problem in place of a page. @param text what it is, unless its code says it */
export function problemView(page: PageContext, key: TextKey, problem: Problem, text?: TextKey): View {
  const title = say(page, key)
  return { title, content: renderProblem(title, text ? say(page, text) : describeProblem(page, problem)) }
}
