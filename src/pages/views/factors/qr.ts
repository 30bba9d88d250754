import { encode } from 'uqr'
import { type Html, html } from '../../html.ts'

/** The width of the white margin, in modules: scanners need four (ISO/IEC 18004). */
const MARGIN = 4

/**
 * Renders a QR code as SVG: a line for each run of dark modules. It has its own white background, which scanners need in
 * dark mode too.
 *
 * @param label read by screen readers
 */
export function renderQrCode(text: string, label: string): Html {
  const { data, size } = encode(text, { border: MARGIN })
  const lines = data
    .map(
      (row, y) =>
        `${runsOf(row)
          .map(([x, length]) => `M${x} ${y}.5h${length}`)
          .join('')}`
    )
    .join('')
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${String(size)} ${String(size)}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${String(size)}v${String(size)}H0z"/><path stroke="#000" d="${lines}"/></svg>`
}

type Run = [start: number, length: number]

/** The runs of dark modules of a row. */
function runsOf(row: boolean[]): Run[] {
  return [...row.map(Number).join('').matchAll(/1+/g)].map(({ index, 0: run }) => [index, run.length])
}
