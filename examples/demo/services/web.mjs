import { negotiate } from '@s4u/express'
import express from 'express'
import { formPasswords, REALM } from '../directory.mjs'

const formUsers = new Set(Object.keys(formPasswords).map((name) => `${name}@${REALM}`))

/**
 * The front: knows its callers by Kerberos or by a password form, and calls its backends as whoever
 * called.
 */
export function createWeb({ keytab, kdc, fetch, onRefusal }) {
  const app = express()
  const kerberos = negotiate({
    keytab,
    kdc,
    // The demo's own fetch notes each request and makes another of it; what it calls authenticates
    // each request by itself.
    fetch: { fetch, connections: 'shared' },
    // For the users of the form, and for nobody else whom the directory knows.
    delegation: { protocolTransition: (user) => formUsers.has(user) },
    // For the form. Secure is the default; only a demo speaks plain HTTP.
    session: { kind: 'cookie', secure: false },
    onFailed: ({ error }) => onRefusal('web', error),
  })

  app.post('/login', express.json(), async (req, res) => {
    const { name, password } = req.body
    if (!Object.hasOwn(formPasswords, name) || formPasswords[name] !== password) {
      res.status(401).json({ error: 'wrong name or password' })
      return
    }
    // The app has checked the password itself; Kerberos saw none. The KDC gives a ticket on the
    // app's word: S4U2Self.
    const identity = await kerberos.negotiator.identityFor(`${name}@${REALM}`, { method: 'form' })
    res.set(kerberos.negotiator.startSession(identity)).json({ identity })
  })

  app.use(kerberos)
  app.get('/me', (req, res) => void res.json({ identity: req.identity }))
  app.get('/orders', (req, res) => passOn(req, res, 'http://api.ad.test/orders'))
  app.get('/archive', (req, res) => passOn(req, res, 'http://archive.ad.test/'))
  app.get('/vault', (req, res) => passOn(req, res, 'http://vault.ad.test/'))

  app.use((error, _req, res, _next) => {
    // Name, code and hint are for whoever reads the log, never for the browser.
    onRefusal('web', error)
    res.status(403).json({ error: 'This could not be done in your name.' })
  })
  return app
}

async function passOn(req, res, url) {
  const caller = req.identity.impersonate()
  const answer = await caller.fetch(url)
  res.status(answer.status).json(await answer.json())
}
