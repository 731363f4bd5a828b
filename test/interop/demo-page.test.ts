import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { type Demo, startDemo } from './demo-process.js'

const launch = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}

await describeRealms('the page of the demo, in Chromium', ['chromium'], () => {
  let demo: Demo
  let browser: Browser
  let page: Page
  let complaints: string[]
  let hosts: Set<string>

  beforeAll(async () => {
    demo = await startDemo(process.execPath, ['examples/demo/main.mjs', '--page', '--port', '0'])
    browser = await chromium.launch(launch)
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.stop()
  })
  beforeEach(async () => {
    page = await open({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' })
    await page.click('#reset')
    await saying(/all caches are empty/)
  })

  test('loads nothing from anywhere else, and nothing goes wrong in it', async () => {
    await press('Sign in as alice')
    expect([...hosts]).toEqual([new URL(demo.url).host])
    expect(complaints).toEqual([])
  })

  test.each([
    ['alice', 'Sales'],
    ['bob', 'Support'],
    ['carol', 'Executives'],
  ])('signs %s in, and shows who web says it is', async (name, group) => {
    await press(`Sign in as ${name}`)
    expect(await outcome()).toContain(`web knows who is calling: ${name}@AD.TEST.`)
    expect(await outcome()).toContain(group)
    expect(await page.textContent('#who')).toBe(`Signed in: ${name}, with Kerberos.`)
    expect(await states()).toMatchObject({ 'browser-kdc': 'done', 'browser-web': 'done', 'web-api': '' })
  })

  test('asks nobody for anything when nobody is signed in', async () => {
    await press('Call the backend as the caller')
    expect(await outcome()).toContain('web answers 401')
    expect(await page.textContent('#steps')).toContain('WWW-Authenticate: Negotiate')
    expect(await states()).toMatchObject({ 'browser-web': 'refused', 'browser-kdc': '' })
  })

  test('follows a call through all hops, and shows the identity as the last backend sees it', async () => {
    await press('Sign in as alice')
    await press('Call the backend as the caller')
    const text = await outcome()
    expect(text).toContain('data answered alice@AD.TEST.')
    expect(text).toMatch(/HTTP\/web\.ad\.test@AD\.TEST\s*HTTP\/api\.ad\.test@AD\.TEST/)
    expect(await page.locator('#outcome tbody tr').count()).toBe(4)
    const all = await states()
    expect(all).toMatchObject({ 'browser-web': 'done', 'web-api': 'done', 'api-data': 'done', 'web-kdc': 'done' })
    expect(await page.locator('#tickets li').count()).toBe(6)
    expect(await page.textContent('#audit')).toMatch(
      /accepted alice at HTTP\/data.ad.test through HTTP\/web.ad.test, HTTP\/api.ad.test/,
    )
    expect(await page.textContent('#audit')).toMatch(/S4U2Proxy svc-web at HTTP\/api.ad.test as alice .*issued/)
  })

  test('says on each arrow what was on it', async () => {
    await press('Sign in as alice')
    await press('Call the backend as the caller')
    const step = page.locator('#steps li', { hasText: 'web → api' })
    expect(await step.textContent()).toMatch(/SPNEGO · HTTP\/api\.ad\.test · AES-256 · forwardable · 10 h · new/)
    await step.locator('summary').click()
    expect(await step.locator('dl').textContent()).toMatch(
      /AP-REQ, \d+ octets.*alice@AD\.TEST.*aes256-cts-hmac-sha1-96.*forwardable.*until/s,
    )
    const exchange = page.locator('#steps li', { hasText: 'S4U2Proxy HTTP/api.ad.test' })
    expect(await exchange.textContent()).toMatch(/issued \(constrained\).*the ticket that was presented to it.*\d ms/s)
    await press('Call the backend as the caller')
    expect(await page.textContent('#steps')).not.toContain('⇄')
    expect(await step.textContent()).toContain('from the cache')
  })

  test('lets the target itself decide where delegation is resource-based', async () => {
    await press('Sign in as alice')
    await press('A resource-based target')
    expect(await outcome()).toContain('archive answered alice@AD.TEST.')
    expect(await page.textContent('#steps')).toContain('issued (resource-based)')
    expect(await states()).toMatchObject({ 'web-archive': 'done' })
  })

  test.each([
    [
      'A target that is not allowed',
      'alice',
      'DelegationRefusedError',
      'KDC_ERR_BADOPTION',
      /msDS-AllowedToDelegateTo/,
    ],
    ['Call the backend as the caller', 'carol', 'DelegationRefusedError', 'KDC_ERR_BADOPTION', /NOT_DELEGATED/],
    ['Replay the token', 'alice', 'RejectedTokenError', 'KRB_AP_ERR_REPEAT', /each request needs a new one/],
  ])('shows a refusal as a developer gets it: %s, as %s', async (button, user, name, code, hint) => {
    await press(`Sign in as ${user}`)
    await press(button)
    const refusal = page.locator('#outcome .refusal')
    expect(await refusal.locator('h3').textContent()).toBe(`${name} ${code}`)
    expect(await refusal.locator('.message').textContent()).not.toBe('')
    expect(await refusal.locator('.hint').textContent()).toMatch(hint)
    expect(await states()).toMatchObject({ 'browser-web': 'refused' })
  })

  test('bars the way to a target that the KDC gives no ticket for', async () => {
    await press('Sign in as alice')
    await press('A target that is not allowed')
    expect(await states()).toMatchObject({ 'web-kdc': 'refused', 'web-vault': 'barred' })
  })

  test('signs in by password form without a ticket, and calls the backend all the same', async () => {
    await page.getByRole('button', { name: 'Password form' }).click()
    await press('Sign in with the form')
    expect(await page.textContent('#who')).toBe('Signed in: bob, by password form; the browser has no ticket.')
    expect(await page.textContent('#steps')).toContain('S4U2Self')
    await press('Call the backend as the caller')
    expect(await outcome()).toContain('data answered bob@AD.TEST.')
    expect(await page.locator('#outcome tbody tr').count()).toBe(1)
    await page.getByLabel('Name').selectOption('carol')
    await press('Sign in with the form')
    await press('Call the backend as the caller')
    expect(await page.locator('.refusal h3').textContent()).toContain('DelegationRefusedError')
    await page.getByLabel('Password').fill('wrong')
    await press('Sign in with the form')
    expect(await outcome()).toContain('web itself says no: wrong name or password.')
    const answer = page.locator('#steps li', { hasText: 'web → browser' })
    expect(await answer.textContent()).toContain('401')
    expect(await answer.textContent()).not.toMatch(/WWW-Authenticate|wants Kerberos/)
    expect(await page.textContent('#caption')).not.toContain('wants Kerberos')
  })

  test('lets a phone in through the gateway: a form outside, Kerberos in the name of its user inside', async () => {
    await press('Bob, from a phone')
    expect(await outcome()).toContain('intranet answered bob@AD.TEST.')
    expect(await outcome()).toMatch(/delegatedBy\s*HTTP\/gateway\.example\.com@AD\.TEST/)
    const all = await states()
    expect(all).toMatchObject({ 'phone-gateway': 'done', 'gateway-kdc': 'done', 'gateway-intranet': 'done' })
    expect(all).toMatchObject({ 'browser-web': '', 'web-kdc': '' })
    await press('He looks again')
    expect(await outcome()).toContain('intranet answered bob@AD.TEST.')
    expect(await page.textContent('#steps')).not.toContain('⇄')
    expect(await page.textContent('#steps')).toMatch(/SPNEGO · HTTP\/intranet\.ad\.test .* from the cache/)
    expect(await page.locator('#steps li', { hasText: 'phone → gateway' }).textContent()).toContain('session cookie')
  })

  test('forgets everything when told to', async () => {
    await press('Sign in as alice')
    await page.getByRole('button', { name: 'Forget everything' }).click()
    await saying(/all caches are empty/)
    expect(await page.textContent('#who')).toBe('Nobody is signed in.')
    expect(await page.locator('#tickets li').count()).toBe(0)
    expect(await page.locator('#steps li').count()).toBe(0)
  })

  test('moves along the arrows, can be skipped, and shown again', async () => {
    page = await open({ viewport: { width: 1200, height: 900 } })
    await page.getByRole('button', { name: 'Sign in as alice' }).click()
    await page.waitForSelector('.dot.moving')
    await page.getByRole('button', { name: 'Skip to the end' }).click()
    await settled()
    expect(await outcome()).toContain('alice@AD.TEST')
    await page.getByRole('button', { name: 'Show again' }).click()
    await page.waitForSelector('.dot.moving')
    await settled()
    expect(await page.textContent('#caption')).toMatch(/^(\d+) of \1: web answers browser with 200/)
  })

  test('plays the whole story', async () => {
    await page.getByRole('button', { name: 'Play the whole story' }).click()
    await page.locator('#who', { hasText: 'Scene 3 of 13' }).waitFor()
    await page.locator('#outcome', { hasText: 'data answered alice' }).waitFor()
    await press('Sign in as bob')
    expect(await page.textContent('#who')).toBe('Signed in: bob, with Kerberos.')
  })

  test('can be used with the keyboard alone', async () => {
    await page.reload()
    await page.waitForSelector('body[data-ready]')
    await tabTo('Sign in as alice')
    await page.keyboard.press('Enter')
    await settled()
    await tabTo('Call the backend as the caller')
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
    expect(outline).toBe('solid')
    await page.keyboard.press('Space')
    await settled()
    expect(await outcome()).toContain('data answered alice@AD.TEST.')
    await tabTo('browser → web')
    await page.keyboard.press('Enter')
    expect(await page.locator('#steps details').first().getAttribute('open')).not.toBeNull()
  })

  test.each([375, 320])('no label lies over another or over a box on a screen of %i pixels', async (width) => {
    page = await open({ viewport: { width, height: 700 }, reducedMotion: 'reduce' })
    const deeds = ['Call the backend as the caller', 'A resource-based target', 'A target that is not allowed']
    for (const user of ['alice', 'carol']) {
      await press(`Sign in as ${user}`)
      for (const deed of deeds) {
        await press(deed)
        expect(await overlapping(page), `${user}: ${deed}`).toEqual([])
      }
    }
    await press('Bob, from a phone')
    expect(await overlapping(page), 'from a phone').toEqual([])
  })

  test.each([375, 320])('fits a screen of %i pixels, with buttons for fingers', async (width) => {
    page = await open({ viewport: { width, height: 700 }, reducedMotion: 'reduce', hasTouch: true, isMobile: true })
    await page.click('#open-form')
    for (const name of ['Sign in as alice', 'Call the backend as the caller', 'A target that is not allowed'])
      await press(name)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    const low = await page.locator('button').evaluateAll((all) => all.filter((one) => one.offsetHeight < 44).length)
    expect(low).toBe(0)
    expect(await page.locator('#drawing svg').getAttribute('class')).toBe('tall')
  })

  test('is dark where people want it dark, and readable in both', async () => {
    const contrasts: number[][] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      page = await open({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce', colorScheme })
      contrasts.push(await page.evaluate<number[]>(CONTRAST))
    }
    expect(Math.min(...contrasts.flat())).toBeGreaterThan(4.5)
  })

  async function open(options: Parameters<Browser['newPage']>[0]): Promise<Page> {
    await page?.context().close()
    const opened = await browser.newPage(options)
    complaints = []
    hosts = new Set()
    opened.on('pageerror', (error) => complaints.push(error.message))
    opened.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    opened.on('request', (request) => request.url().startsWith('data:') || hosts.add(new URL(request.url()).host))
    await opened.goto(demo.url)
    await opened.waitForSelector('body[data-ready]')
    return opened
  }

  async function press(name: string): Promise<void> {
    await page.getByRole('button', { name, exact: false }).click()
    await settled()
  }

  async function settled(): Promise<void> {
    await page.waitForSelector('body:not([data-playing])')
  }

  async function saying(what: RegExp): Promise<void> {
    await page.locator('#caption', { hasText: what }).waitFor()
  }

  async function outcome(): Promise<string> {
    return (await page.textContent('#outcome')) ?? ''
  }

  /** Of each arrow: `done`, `refused`, `barred`, or nothing. */
  async function states(): Promise<Record<string, string>> {
    const edges = await page
      .locator('.edge')
      .evaluateAll((all) =>
        all.map((edge) => [
          edge.getAttribute('data-edge') ?? '',
          (edge.getAttribute('class') ?? '').replace(/^edge ?/, ''),
        ]),
      )
    return Object.fromEntries(edges)
  }

  /** Goes there as somebody without a mouse does. */
  async function tabTo(text: string): Promise<void> {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab')
      const focused = await page.evaluate<string>("document.activeElement?.textContent ?? ''")
      if (focused.trim().startsWith(text)) return
    }
    throw new Error(`${text} cannot be reached with the keyboard`)
  }
})

/** Of ink and quiet text on the card and the paper. Source: WCAG 2.2, "contrast ratio". */
const CONTRAST = `(() => {
  const style = getComputedStyle(document.documentElement)
  const luminance = (name) => {
    const hex = style.getPropertyValue(name).trim().slice(1)
    const [r, g, b] = [0, 2, 4].map((at) => {
      const value = parseInt(hex.slice(at, at + 2), 16) / 255
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const pairs = [['--ink', '--paper'], ['--soft', '--paper'], ['--soft', '--quiet'], ['--no', '--no-soft'], ['--kdc', '--kdc-soft'], ['--accent', '--card']]
  return pairs.map(([a, b]) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
    return (light + 0.05) / (dark + 0.05)
  })
})()`

interface Placed {
  name: string
  left: number
  right: number
  top: number
  bottom: number
}

/** Labels of the drawing, and what they lie over. */
async function overlapping(page: Page): Promise<string[]> {
  const labels = await placesOf(page, '#drawing .label')
  const boxes = await placesOf(page, '#drawing .node rect')
  return labels.flatMap((label, index) =>
    [...labels.slice(index + 1), ...boxes]
      .filter((other) => overlap(label, other))
      .map((other) => `${label.name} lies over ${other.name}`),
  )
}

/** One pixel is the line of a box. */
function overlap(one: Placed, other: Placed): boolean {
  const across = Math.min(one.right, other.right) - Math.max(one.left, other.left)
  return across > 1 && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1
}

async function placesOf(page: Page, selector: string): Promise<Placed[]> {
  const places = await page.locator(selector).evaluateAll((all) =>
    all.map((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect()
      return { name: one.textContent || 'a box', left, right, top, bottom }
    }),
  )
  return places.filter(({ left, right }) => right > left)
}
