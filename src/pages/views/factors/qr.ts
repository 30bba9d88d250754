import { encode } from 'uqr'
import { type Html, html } from '../../html.ts'

/** The width of the white margin, in modules: scanners need four (ISO/IEC 18004). */
const MARGIN = 4

/** The mask, any of which is valid. Trying all eight takes four times as long as all else, and this one is chosen most often. */
const MASK = 2

/**
 * Renders a QR code as SVG: a line for each run of dark modules. It has its own white background, which scanners need in
 * dark mode too.
 *
 * @param label read by screen readers
 */
export function renderQrCode(text: string, label: string): Html {
  const { data, size } = encode(text, { border: MARGIN, maskPattern: MASK })
  const lines = data.map(drawRow).join('')
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${String(size)} ${String(size)}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${String(size)}v${String(size)}H0z"/><path stroke="#000" d="${lines}"/></svg>`
}

/** The runs of dark modules of a row, each as a line. */
function drawRow(row: boolean[], y: number): string {
  let lines = ''
  for (let start = row.indexOf(true); start >= 0; ) {
    // Each row ends in its margin.
    const end = row.indexOf(false, start)
    lines += `M${start} ${y}.5h${end - start}`
    start = row.indexOf(true, end)
  }
  return lines
}
