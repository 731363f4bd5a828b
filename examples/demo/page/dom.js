/** Elements in one expression. Text stays text: nothing that a server says is ever read as HTML. */

const SVG = 'http://www.w3.org/2000/svg'

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children)
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children)
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value)
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false))
  return node
}

/** A list of terms and what they stand for; those that stand for nothing are left out. */
export function facts(entries) {
  const known = Object.entries(entries).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return element(
    'dl',
    { class: 'facts' },
    known.flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]),
  )
}

export function mono(text) {
  return element('code', {}, text)
}
