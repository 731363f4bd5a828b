/**
 * Draws what goes between several parties, in the order in which it goes: the fences of the language
 * `ladder`. Each line is one message; a reader of the plain text loses nothing.
 *
 *     alice -> KDC: proof that she knows her password
 *     KDC -> alice: a ticket-granting ticket
 *
 * `=` in place of an arrow is what one party does by itself: `web = opens the ticket with its keytab`.
 */

const WIDTH = 760
const TOP = 54
const STEP = 46
/** Characters of a label in one line; longer ones take two. */
const LINE = 46

/** @typedef {{ from: string, to: string, text: string }} Message */

/**
 * Returns the drawing as SVG, or throws for a line that is no message.
 *
 * @param {string} source
 */
export function ladder(source) {
  const messages = source.trim().split('\n').map(messageOf)
  const parties = [...new Set(messages.flatMap(({ from, to }) => [from, to]))]
  const at = (party) => Math.round(((parties.indexOf(party) + 0.5) * WIDTH) / parties.length)
  const height = TOP + messages.length * STEP + 16
  const parts = [
    ...parties.map((party) => partyAt(party, at(party), height, Math.min(170, WIDTH / parties.length - 14))),
    ...messages.map((message, index) => drawn(message, at, TOP + (index + 1) * STEP - 10)),
  ]
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(spoken(messages))}">${parts.join('')}</svg>`
}

/** @returns {Message} */
function messageOf(line) {
  const [, from, arrow, to = from, text] =
    /^(.+?) (?:(->) (.+?): |= )(.+)$/.exec(line) ?? fail(`not a line of a ladder: ${line}`)
  return { from, to: arrow === undefined ? from : to, text }
}

const fail = (text) => {
  throw new Error(text)
}

/** What a screen reader says. */
const spoken = (messages) =>
  messages.map(({ from, to, text }) => (from === to ? `${from}: ${text}.` : `${from} to ${to}: ${text}.`)).join(' ')

function partyAt(name, x, height, width) {
  return (
    `<line class="life" x1="${x}" y1="40" x2="${x}" y2="${height - 4}"/>` +
    `<rect class="party" x="${x - width / 2}" y="6" width="${width}" height="32" rx="6"/>` +
    `<text class="name" x="${x}" y="27" text-anchor="middle">${escaped(name)}</text>`
  )
}

function drawn({ from, to, text }, at, y) {
  if (from === to) return label(text, within(at(from)), y, 'own')
  const [x1, x2] = [at(from), at(to)]
  const tip = x2 > x1 ? x2 - 9 : x2 + 9
  return (
    label(text, within((x1 + x2) / 2), y - 7, 'said') +
    `<line class="way" x1="${x1}" y1="${y}" x2="${tip}" y2="${y}"/>` +
    `<path class="tip" d="M${x2} ${y} L${tip} ${y - 5} L${tip} ${y + 5} Z"/>`
  )
}

/** The middle of a label that must not leave the drawing. */
const within = (x) => Math.max(165, Math.min(WIDTH - 165, x))

function label(text, x, y, kind) {
  const lines = linesOf(text)
  const first = y - (lines.length - 1) * 14
  const spans = lines.map((line, index) => `<tspan x="${x}" y="${first + index * 14}">${escaped(line)}</tspan>`)
  return `<text class="${kind}" text-anchor="middle">${spans.join('')}</text>`
}

function linesOf(text) {
  if (text.length <= LINE) return [text]
  const cut = text.lastIndexOf(' ', Math.ceil(text.length / 2) + 4)
  return [text.slice(0, cut), text.slice(cut + 1)]
}

const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
