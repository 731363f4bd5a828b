import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { type Demo, startDemo } from './demo-process.js'

/** A phone, a tablet and a desk; CSS pixels. */
const WIDTHS = [360, 820, 1440]

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Runs axe on a page, and returns what it finds as `color-contrast: .selector`. */
const RUN = `axe.run().then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ': ' + target.join(' '))))`

await describeRealms('Chromium looks at the page of the demo', ['chromium'], () => {
  let browser: Browser
  let demo: Demo

  beforeAll(async () => {
    demo = await startDemo(process.execPath, ['examples/demo/main.mjs', '--page', '--port', '0'])
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.stop()
  })

  test.each(WIDTHS)('it has no fault of accessibility at %i pixels', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    await page.goto(demo.url)
    await page.waitForSelector('body[data-ready]')
    await page.evaluate(axe)
    expect(await page.evaluate(RUN)).toEqual([])
    await page.close()
  })
})
