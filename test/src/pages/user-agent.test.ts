import { test } from 'tap'
import { readUserAgent } from '../../../src/pages/user-agent.ts'

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0'
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
const PHONE = 'Mozilla/5.0 (Linux; Android 10; K)'

test('the browser and the system of a User-Agent header', async (t) => {
  const rows: [header: string | null, browser: string | undefined, system: string | undefined][] = [
    ['Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0', 'Firefox', 'Linux'],
    ['Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0', 'Firefox', 'Android'],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) ${WEBKIT} FxiOS/143.0 Mobile/15E148 Safari/605.1.15`,
      'Firefox',
      'iPhone'
    ],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) ${WEBKIT} Version/18.6 Mobile/15E148 Safari/604.1`,
      'Safari',
      'iPhone'
    ],
    [
      `Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) ${WEBKIT} CriOS/140.0.0.0 Mobile/15E148 Safari/604.1`,
      'Chrome',
      'iPad'
    ],
    [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.6 Safari/605.1.15`, 'Safari', 'macOS'],
    [`${WINDOWS} ${CHROME} Safari/537.36`, 'Chrome', 'Windows'],
    [`${WINDOWS} ${CHROME} Safari/537.36 Edg/140.0.0.0`, 'Edge', 'Windows'],
    [`${PHONE} ${CHROME} Mobile Safari/537.36 EdgA/140.0.0.0`, 'Edge', 'Android'],
    [`${WINDOWS} ${CHROME} Safari/537.36 OPR/122.0.0.0`, 'Opera', 'Windows'],
    [
      `${PHONE} AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
      'Samsung Internet',
      'Android'
    ],
    [`Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36 Vivaldi/7.5`, 'Vivaldi', 'Linux'],
    [
      `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 YaBrowser/25.8.0.0 Safari/537.36`,
      'Yandex Browser',
      'Windows'
    ],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.6 Safari/605.1.15 Ddg/18.6`,
      'DuckDuckGo',
      'macOS'
    ],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME} Safari/537.36`, 'Chrome', 'ChromeOS'],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36',
      'Chrome',
      'Linux'
    ],
    // A view of web pages in another program names no browser.
    [`Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) ${WEBKIT} Mobile/15E148`, undefined, 'iPhone'],
    ['curl/8.14.1', 'curl', undefined],
    ['okhttp/4.12.0', 'okhttp', undefined],
    ['Dart/3.8 (dart:io)', 'Dart', undefined],
    ['node', 'node', undefined],
    ['Acme-App 2.1 (Linux)', 'Acme-App', 'Linux'],
    ['Mozilla/5.0', undefined, undefined],
    ['<script>alert(1)</script>', undefined, undefined],
    [`${'x'.repeat(400)}/1`, undefined, undefined],
    ['', undefined, undefined],
    [null, undefined, undefined]
  ]
  for (const [header, browser, system] of rows) {
    t.strictSame(readUserAgent(header), { ...(browser && { browser }), ...(system && { system }) }, String(header))
  }
})
