// @ts-check
/**
 * Shows the folders and files of a share as the caller may see them: the file server decides, since
 * each request goes there in the caller's name. The account of the keytab must be allowed to
 * delegate to `cifs/` and the name of the file server.
 *
 * `SHARE='\\files.ad.test\docs' node app.mjs`
 */
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { errorHandler, negotiate } from '@s4u/express'
import { openShare, serveShare } from '@s4u/smb'
import express from 'express'

/**
 * @param {string} share
 * @param {import('@s4u/express').NegotiateOptions} [signIn]
 * @param {{ address?: string }} [server] where the file server is, if its name does not say it
 * @returns {import('express').Express}
 */
export function filesApp(share, signIn = { keytab: 'web.keytab' }, server = {}) {
  const app = express()
  app.use(negotiate(signIn))

  // Files. Folders are not found here, and go on to the list below.
  app.use('/files', serveShare(share, { as: 'caller', index: [], ...server }))

  app.get('/files{/*path}', async (req, res) => {
    if (!req.path.endsWith('/')) return res.redirect(301, `./${req.path.split('/').at(-1)}/`)
    const path = [req.params.path ?? []].flat().join('/')
    // `using` and `await using` in TypeScript and from Node 24 on.
    const caller = req.identity.impersonate()
    const files = openShare(share, { as: caller, ...server })
    try {
      const entries = await files.readdir(path, { withFileTypes: true })
      res.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'").send(page(path, entries))
    } finally {
      await files.close()
    }
  })

  // The log is told the reason; the caller, the status and nothing more.
  app.use(errorHandler())
  return app
}

/** @param {string} path @param {readonly import('@s4u/smb').FolderEntry[]} entries */
function page(path, entries) {
  const rows = entries.map((entry) => {
    const slash = entry.isDirectory() ? '/' : ''
    return `<li><a href="./${encodeURIComponent(entry.name)}${slash}">${escaped(entry.name)}${slash}</a> ${entry.size}`
  })
  return `<!doctype html><meta charset="utf-8"><title>${escaped(path)}</title><ul>${rows.join('\n')}</ul>`
}

/** Names are what users have written. @param {string} text */
const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  // Tickets of users in many groups are longer than the 16 KB of headers that Node takes by
  // default.
  createServer({ maxHeaderSize: 65_536 }, filesApp(process.env.SHARE ?? '\\\\files.ad.test\\docs')).listen(
    process.env.PORT ?? 3000,
  )
