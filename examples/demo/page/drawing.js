import { svg } from './dom.js'
import { tall, wide } from './layouts.js'
import { edgeLabel, edgeNotes, edgeOf, isRefused } from './words.js'

const SUBTITLES = {
  browser: 'workstation',
  web: 'Express',
  api: 'Koa',
  data: 'Koa',
  archive: 'resource-based',
  vault: 'on no list',
  phone: 'on the internet',
  gateway: '@s4u/gateway',
  intranet: 'unchanged',
}

/** Milliseconds that one step takes on the screen; in reality it is a thousandth of that. */
const PACE = { request: 480, exchange: 720, answer: 380 }

/** The drawing of the hops, which lights up step by step. */
export class Drawing {
  #host
  #layout
  #edges = {}
  #nodes = {}
  #run = 0
  #hurried = false
  #shown = []

  constructor(host) {
    this.#host = host
    const narrow = matchMedia('(max-width: 860px)')
    narrow.addEventListener('change', () => this.#draw(narrow.matches ? tall : wide))
    this.#draw(narrow.matches ? tall : wide)
  }

  clear() {
    this.#run++
    this.#shown = []
    for (const edge of Object.values(this.#edges)) show(edge, '', ['', '', ''])
    for (const node of Object.values(this.#nodes)) node.setAttribute('class', 'node')
  }

  /**
   * Shows the steps one after the other; `onStep(index)` before each. Resolves to whether it was
   * seen to the end.
   */
  async play(steps, onStep, slowly) {
    this.clear()
    const run = this.#run
    this.#hurried = !slowly
    for (const [index, step] of steps.entries()) {
      onStep(index)
      this.#begin(step)
      if (!this.#hurried) await this.#travel(step, run)
      if (run !== this.#run) return false
      this.#finish(step)
    }
    return true
  }

  /** Shows the rest at once. */
  hurry() {
    this.#hurried = true
  }

  /** One step of those that were played, out of turn. */
  point(step) {
    for (const edge of Object.values(this.#edges))
      edge.group.classList.toggle('pointed', edge === this.#edges[edgeOf(step)])
  }

  #draw(layout) {
    this.#layout = layout
    const [width, height] = layout.box
    const edges = Object.entries(layout.edges).map(([name, edge]) => this.#edge(name, edge))
    const nodes = Object.entries(layout.nodes).map(([name, at]) => this.#node(name, at))
    const title =
      'The browser calls web, web calls api, api calls data; a phone calls the gateway, which calls intranet; browser, web, api and gateway ask the KDC for tickets'
    this.#host.replaceChildren(
      svg(
        'svg',
        { viewBox: `0 0 ${width} ${height}`, class: layout.name, role: 'img', 'aria-label': title },
        this.#kdc(layout.kdc),
        edges,
        nodes,
      ),
    )
    for (const step of this.#shown.splice(0)) this.#finish(step)
  }

  #kdc({ x, y, width, height, upright }) {
    const [cx, cy] = [x + width / 2, y + height / 2]
    const turned = upright ? `rotate(90 ${cx} ${cy})` : undefined
    const text = svg('text', { x: cx, y: cy + 5, transform: turned, class: 'name' }, 'KDC')
    const realm = svg('tspan', { class: 'subtitle', dx: 10 }, 'key distribution center of AD.TEST')
    text.append(realm)
    const group = svg('g', { class: 'node' }, svg('rect', { x, y, width, height, rx: 12 }), text)
    this.#nodes.kdc = group
    return svg('g', { class: 'kdc' }, group)
  }

  #node(name, [cx, cy]) {
    const { width, height } = this.#layout.size
    const group = svg(
      'g',
      { class: 'node' },
      svg('rect', { x: cx - width / 2, y: cy - height / 2, width, height, rx: 12 }),
      svg('text', { x: cx, y: cy - 3, class: 'name' }, name),
      svg('text', { x: cx, y: cy + 17, class: 'subtitle' }, SUBTITLES[name]),
    )
    this.#nodes[name] = group
    return group
  }

  #edge(name, { path, texts: places, anchor, room }) {
    const line = svg('path', { d: path, class: 'line' })
    const dot = svg('circle', { r: 6, class: 'dot' })
    const texts = places.map(([x, y], index) =>
      svg('text', { x, y, 'text-anchor': anchor, class: index === 0 ? 'label' : 'label note' }),
    )
    const group = svg('g', { class: 'edge', 'data-edge': name }, line, texts, dot)
    this.#edges[name] = { group, line, dot, texts, room }
    return group
  }

  #begin(step) {
    const edge = this.#edges[edgeOf(step)]
    if (edge === undefined) return
    if (step.kind !== 'answer') show(edge, 'active', [edgeLabel(step, this.#shown), '', ''])
    else edge.group.setAttribute('class', 'edge active')
    edge.group.parentNode.append(edge.group)
    this.#nodes[step.from]?.classList.add('active')
  }

  #finish(step) {
    this.#shown.push(step)
    const edge = this.#edges[edgeOf(step)]
    if (edge === undefined) return
    const state = isRefused(step) ? 'refused' : 'done'
    const label = step.kind === 'answer' ? undefined : edgeLabel(step, this.#shown)
    show(edge, state, [label, ...edgeNotes(step, this.#shown)])
    for (const name of [step.from, step.to]) this.#nodes[name]?.classList.add('active')
    if (isRefused(step) && step.kind === 'answer') this.#nodes[step.to]?.classList.add('refused')
    if (isRefused(step) && step.kind === 'exchange') this.#refuseTarget(step)
  }

  /** A target that the KDC gives no ticket for is never reached. */
  #refuseTarget({ from, service }) {
    const target = /^HTTP\/(\w+)\./.exec(service ?? '')?.[1]
    const edge = this.#edges[`${from}-${target}`]
    if (edge) show(edge, 'barred', ['never reached', '', ''])
    this.#nodes[target]?.classList.add('refused')
  }

  #travel(step, run) {
    const edge = this.#edges[edgeOf(step)]
    if (edge === undefined) return Promise.resolve()
    const length = edge.line.getTotalLength()
    const place = PLACES[step.kind]
    const started = performance.now()
    edge.dot.classList.add('moving')
    return new Promise((resolve) => {
      const frame = (now) => {
        const progress = Math.min(1, Math.max(0, now - started) / PACE[step.kind])
        const { x, y } = edge.line.getPointAtLength(place(ease(progress)) * length)
        edge.dot.setAttribute('cx', x)
        edge.dot.setAttribute('cy', y)
        if (progress < 1 && run === this.#run && !this.#hurried) return requestAnimationFrame(frame)
        edge.dot.classList.remove('moving')
        resolve()
      }
      requestAnimationFrame(frame)
    })
  }
}

/** Requests go along the line, answers come back, and an exchange does both. */
const PLACES = {
  request: (progress) => progress,
  answer: (progress) => 1 - progress,
  exchange: (progress) => 1 - Math.abs(1 - 2 * progress),
}

function ease(progress) {
  return progress < 0.5 ? 2 * progress ** 2 : 1 - (2 - 2 * progress) ** 2 / 2
}

/** `words` has the lines of text; one that is undefined stays as it is. */
function show({ group, texts, room = Infinity }, state, words) {
  group.setAttribute('class', `edge ${state}`)
  for (const [index, text] of texts.entries()) {
    if (words[index] !== undefined) text.textContent = words[index]
  }
  if (texts[0].getComputedTextLength() > room) stack(texts[0], room)
}

/** Breaks a label after its commas, so that its last line stands where the label stood. */
function stack(text, room) {
  const lines = ['']
  for (const part of text.textContent.split(/(?<=, )/)) {
    text.textContent = lines.at(-1) + part.trimEnd()
    if (lines.at(-1) === '' || text.getComputedTextLength() <= room) lines[lines.length - 1] += part
    else lines.push(part)
  }
  const x = text.getAttribute('x')
  const spans = lines.map((line, index) =>
    svg('tspan', { x, dy: index === 0 ? (1 - lines.length) * LINE : LINE }, line),
  )
  text.replaceChildren(...spans)
}

/** From one line of a label to the next. */
const LINE = 15
