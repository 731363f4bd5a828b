import { spawn } from 'node:child_process'

/**
 * Opens the page for somebody who sits at a terminal with a desktop around it. `BROWSER` names
 * another program for that, and `BROWSER=none` keeps it closed. Whatever goes wrong: the address
 * has been printed.
 */
export function openInBrowser(url, environment = process.env) {
  const [program, ...args] = commandFor(environment) ?? []
  if (program === undefined) return
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' })
  child.on('error', () => {})
  child.unref()
}

function commandFor({ BROWSER, DISPLAY, WAYLAND_DISPLAY }) {
  if (BROWSER === 'none') return undefined
  if (BROWSER) return [BROWSER]
  if (process.platform === 'darwin') return ['open']
  if (process.platform === 'win32') return ['cmd', '/c', 'start', '']
  // Without a display it would be a browser for terminals, in this one.
  return DISPLAY || WAYLAND_DISPLAY ? ['xdg-open'] : undefined
}
