// @ts-check
/**
 * Acts for people who show no ticket: they signed in with a password of the app's own, a client certificate, an OIDC token. The KDC
 * gives a ticket in their name on the app's word (S4U2Self), so the app must have checked them well, and the directory must trust
 * its account to authenticate for delegation: Set-ADAccountControl svc-web -TrustedToAuthForDelegation $true
 */
import { timingSafeEqual } from 'node:crypto'
import { negotiate } from '@s4u/express'
import express from 'express'

/** @type {Record<string, string>} In real life a database of salted hashes. */
const passwords = { bob: 'can-we-fix-it', carol: 'humbug' }

const app = express()
const kerberos = negotiate({
  keytab: 'web.keytab',
  // Off unless an app says so; a function may decide user by user.
  delegation: { protocolTransition: (user) => !user.startsWith('admin') },
})

app.use(async (req, res, next) => {
  const basic = /^Basic (.+)$/.exec(req.headers.authorization ?? '')?.[1]
  const [, name, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(basic ?? '', 'base64').toString()) ?? []
  if (basic === undefined) {
    kerberos(req, res, next)
  } else if (isRight(name, password)) {
    req.identity = await kerberos.negotiator.identityFor(`${name}@AD.TEST`, { method: 'basic' })
    next()
  } else {
    res.status(401).set('WWW-Authenticate', 'Basic realm="web"').end()
  }
})

app.get('/orders', async (req, res) => {
  const caller = req.identity.impersonate()
  const orders = await caller.fetch('http://api.ad.test/orders')
  res.json(await orders.json())
})

/** @param {string} name @param {string} password */
function isRight(name, password) {
  const [given, wanted] = [
    Buffer.from(password ?? ''),
    Buffer.from(Object.hasOwn(passwords, name) ? passwords[name] : ''),
  ]
  return wanted.length > 0 && given.length === wanted.length && timingSafeEqual(given, wanted)
}

app.listen(process.env.PORT ?? 3000)
