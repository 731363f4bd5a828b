// @ts-check
/**
 * Acts for people who show no ticket: they signed in with a password of the app's own, a client
 * certificate, an OIDC token. The KDC gives a ticket in their name on the app's word (S4U2Self), so
 * the app must have checked them well, and the directory must trust its account to authenticate for
 * delegation: Set-ADAccountControl svc-web -TrustedToAuthForDelegation $true
 */
import { timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { errorHandler, negotiate } from '@s4u/express'
import express from 'express'

/**
 * @type {Record<string, string>} In real life a database of salted hashes. Anybody may have chosen
 * any name here.
 */
const passwords = { bob: 'can-we-fix-it', carol: 'humbug', Administrator: 'just-my-nickname' }

/**
 * Whom the app may vouch for, by name and realm: a list of who may, never of who may not. That one
 * would have to know every account of the directory that can do harm, in every spelling.
 */
const mayActFor = new Set(['bob@AD.TEST', 'carol@AD.TEST'])

const backend = process.env.BACKEND ?? 'http://api.ad.test'

const app = express()
const kerberos = negotiate({
  keytab: 'web.keytab',
  // Off unless an app says so. And whatever the directory would allow, this app calls nothing but
  // its backend.
  delegation: { protocolTransition: (user) => mayActFor.has(user), allow: ['HTTP/api.ad.test'] },
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
  const orders = await caller.fetch(`${backend}/orders`)
  if (orders.ok) res.json(await orders.json())
  else res.sendStatus(orders.status)
})

// The log is told what went wrong; the caller, 403 and nothing more.
app.use(errorHandler())

/** @param {string} name @param {string} password */
function isRight(name, password) {
  const [given, wanted] = [
    Buffer.from(password ?? ''),
    Buffer.from(Object.hasOwn(passwords, name) ? passwords[name] : ''),
  ]
  return wanted.length > 0 && given.length === wanted.length && timingSafeEqual(given, wanted)
}

createServer({ maxHeaderSize: 65_536 }, app).listen(process.env.PORT ?? 3000)
