import { Drawing } from './drawing.js'
import { element } from './dom.js'
import { outcomeOf } from './outcome.js'
import { auditItem, cachesOf, codeLines } from './records.js'
import { details, gist, headline, isRefused, lineAtWork, sentence } from './words.js'

const byId = (id) => document.getElementById(id)
const formPasswords = { alice: 'looking-glass', bob: 'can-we-fix-it', carol: 'humbug' }
const drawing = new Drawing(byId('drawing'))
let last
/** Of the scene, while the whole story is played. */
let title
/** Goes up with every scene, so that an older one that is still being shown stops. */
let turn = 0
/** The turn in which the whole story began, while it is being told, pauses included. */
let telling
/** A call from outside that is still to be shown. Of several, the last one is. */
let waiting

const { setting, ...first } = await ask('/state')
begin(first)

function begin(state) {
  byId('realm').textContent = `embedded realm ${setting.realm} is up`
  byId('kdc-address').textContent = setting.kdcAddress
  byId('code').replaceChildren(...codeLines(setting.code))
  byId('try-it').textContent = tryIt(setting)
  byId('caption').textContent = state.user
    ? `${state.user.name} is signed in, as at a desktop in the domain. Press “Call the backend as the caller”.`
    : 'Press a button: nobody is signed in yet.'
  renderState(state)
  for (const button of document.querySelectorAll('button[data-action]:not([type=submit])'))
    button.addEventListener('click', () => act(button.dataset.action))
  byId('again').addEventListener('click', againOrSkip)
  byId('story').addEventListener('click', playStory)
  byId('reset').addEventListener('click', reset)
  listenToForm()
  listenToCalls()
  document.body.dataset.ready = 'true'
}

function listenToForm() {
  const form = byId('form')
  const opener = byId('open-form')
  opener.addEventListener('click', () => {
    form.hidden = !form.hidden
    opener.setAttribute('aria-expanded', String(!form.hidden))
    if (!form.hidden) form.elements.password.focus()
  })
  form.elements.name.addEventListener(
    'change',
    () => (form.elements.password.value = formPasswords[form.elements.name.value]),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    act('form', { name: form.elements.name.value, password: form.elements.password.value })
  })
}

/**
 * curl, or a browser with a ticket of its own, has called a service: its flow is shown once nothing
 * else is.
 */
function listenToCalls() {
  new EventSource('/calls').addEventListener('message', ({ data }) => {
    waiting = JSON.parse(data)
    showCall()
  })
}

function showCall() {
  if (waiting === undefined || telling !== undefined || document.body.dataset.playing !== undefined) return
  last = waiting
  waiting = undefined
  title = titleOf(last)
  document.body.dataset.playing = 'call'
  renderState(last)
  renderSteps(last.steps)
  showLast(++turn)
}

function titleOf({ caller, service }) {
  return caller && `From outside this page, ${caller} has called ${service}.`
}

function finish() {
  delete document.body.dataset.playing
  showCall()
}

/** Plays one scene for real, then shows it. Resolves to whether it was seen to the end. */
async function act(action, input = {}, titleOfScene = undefined) {
  const mine = ++turn
  title = titleOfScene
  document.body.dataset.playing = action
  drawing.clear()
  byId('caption').textContent = '…'
  let result
  try {
    result = await ask(`/do/${action}`, input)
  } catch (error) {
    byId('caption').textContent = `The demo does not answer: ${error.message}. Is npm start still running?`
    finish()
    return false
  }
  if (mine !== turn) return false
  last = result
  renderState(result)
  renderSteps(result.steps)
  return showLast(mine)
}

async function showLast(mine) {
  const slowly = !matchMedia('(prefers-reduced-motion: reduce)').matches
  const { steps } = last
  byId('again').disabled = false
  byId('again').textContent = 'Skip to the end'
  byId('outcome').replaceChildren(element('p', { class: 'empty' }, 'Under way …'))
  if (slowly) intoView(byId('drawing'))
  const seen = await drawing.play(steps, (index) => pointOut(steps, index), slowly)
  if (mine !== turn || !seen) return false
  byId('again').textContent = 'Show again'
  byId('outcome').replaceChildren(...outcomeOf(last, setting.groupNames))
  finish()
  return true
}

function againOrSkip() {
  if (last === undefined) return
  if (document.body.dataset.playing !== undefined) return drawing.hurry()
  document.body.dataset.playing = 'again'
  title = titleOf(last)
  renderUser(last.user)
  showLast(++turn)
}

async function playStory() {
  await reset()
  const mine = turn
  telling = mine
  await tellScenes(setting.scenes, mine)
  if (telling !== mine) return
  telling = undefined
  showCall()
}

async function tellScenes(scenes, mine) {
  for (const [index, scene] of scenes.entries()) {
    const seen = await act(scene.action, scene.input, `Scene ${index + 1} of ${scenes.length}: ${scene.title}.`)
    if (!seen || turn !== mine + index + 1) return
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
    if (turn !== mine + index + 1) return
  }
  title = undefined
  renderUser(last.user)
}

/** Milliseconds between two scenes of the story, to read what came of the one. */
const PAUSE = 2200

async function reset() {
  turn++
  title = undefined
  delete document.body.dataset.playing
  drawing.clear()
  last = undefined
  waiting = undefined
  renderState(await ask('/reset', {}))
  renderSteps([])
  byId('again').disabled = true
  byId('caption').textContent = 'Everybody is signed out, and all caches are empty.'
  byId('outcome').replaceChildren(
    element('p', { class: 'empty' }, 'Nothing yet. Sign somebody in, then call the backend.'),
  )
}

function renderState({ user, tickets, audit }) {
  renderUser(user)
  byId('tickets').replaceChildren(...cachesOf(tickets))
  byId('audit').replaceChildren(...audit.slice(0, 40).map(auditItem))
}

function renderUser(user) {
  const by = user?.method === 'form' ? 'by password form; the browser has no ticket' : 'with Kerberos'
  byId('who').textContent = title ?? (user ? `Signed in: ${user.name}, ${by}.` : 'Nobody is signed in.')
  byId('played').hidden = user?.method !== 'kerberos' || last?.caller !== undefined
  for (const button of document.querySelectorAll('.people button')) {
    const pressed =
      user !== null && (user.method === 'form' ? button.id === 'open-form' : button.dataset.action === user.name)
    button.setAttribute('aria-pressed', String(pressed))
  }
}

function renderSteps(steps) {
  byId('no-steps').hidden = steps.length > 0
  byId('steps').replaceChildren(
    ...steps.map((step) => {
      const summary = element('summary', {}, headline(step), element('span', { class: 'gist' }, gist(step)))
      const item = element('details', {}, summary, element('p', { class: 'note' }, sentence(step)), details(step))
      item.addEventListener('toggle', () => item.open && drawing.point(step))
      return element('li', { class: isRefused(step) ? 'bad' : undefined }, item)
    }),
  )
}

function pointOut(steps, index) {
  byId('caption').textContent = `${index + 1} of ${steps.length}: ${sentence(steps[index])}`
  for (const [place, item] of [...byId('steps').children].entries()) item.classList.toggle('now', place === index)
  const atWork = lineAtWork(steps[index])
  for (const line of byId('code').children) line.classList.toggle('now', atWork?.test(line.textContent) ?? false)
}

/** On a phone the buttons are above the drawing. */
function intoView(node) {
  const { top, bottom } = node.getBoundingClientRect()
  if (top < 0 || bottom > innerHeight) node.scrollIntoView({ behavior: 'smooth', block: 'nearest' })
}

function tryIt({ krb5Conf, web, realm }) {
  const [host, port] = web.split(':')
  return [
    `cat >/tmp/s4u-krb5.conf <<'END'\n${krb5Conf.trim()}\nEND`,
    `export KRB5_CONFIG=/tmp/s4u-krb5.conf KRB5CCNAME=/tmp/s4u-ccache`,
    `echo wonderland | kinit alice@${realm}`,
    `curl --negotiate -u : --resolve web.ad.test:${port}:${host} http://web.ad.test:${port}/orders`,
    // A profile of its own, since a Chromium that runs already takes no options. The first setting
    // loads GSS-API before the first request; with the second one Chromium asks for a ticket to the
    // name in the URL, not to the address that it was told.
    'mkdir -p /tmp/s4u-chromium',
    `echo '{"net":{"received_http_auth_negotiate_headers":true},"auth":{"disable_negotiate_cname_lookup":true}}' >'/tmp/s4u-chromium/Local State'`,
    `chromium --user-data-dir=/tmp/s4u-chromium --no-first-run --auth-server-allowlist='*.ad.test' --host-resolver-rules='MAP web.ad.test ${host}' http://web.ad.test:${port}/orders`,
  ].join('\n')
}

async function ask(path, body) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(path, body && { method: 'POST', headers, body: JSON.stringify(body) })
  return response.json()
}
