import { test } from 'tap'
import { encode } from 'uqr'
import { renderQrCode } from '../../../../../src/pages/views/factors/qr.ts'

const URI = 'otpauth://totp/Example:ada?issuer=Example&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

test('a QR code is drawn as lines on a white field, without styles', async (t) => {
  const svg = String(renderQrCode(URI, 'QR "code"'))
  const { data, size } = encode(URI, { border: 4, maskPattern: 2 })
  const drawn = Array.from({ length: size }, () => Array.from({ length: size }, () => false))
  for (const [, x, y, length] of svg.matchAll(/M(\d+) (\d+)\.5h(\d+)/g)) {
    for (let each = 0; each < Number(length); each += 1) (drawn[Number(y)] as boolean[])[Number(x) + each] = true
  }
  t.strictSame(drawn, data)
  t.match(svg, `<svg class="qr" role="img" aria-label="QR &quot;code&quot;" viewBox="0 0 ${size} ${size}"`)
  t.match(svg, `<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path stroke="#000" d="M`)
  t.notMatch(svg, 'style')
  t.ok(svg.length < 4000, `${svg.length}`)
  t.notOk(drawn.slice(0, 4).flat().includes(true), 'four modules of margin')
})
