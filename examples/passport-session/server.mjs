// @ts-check
/**
 * Kerberos as a strategy of Passport. The first request shows a ticket; then the session knows the
 * user by name, and backends are called with the ticket of the request that had one.
 */
import { createServer } from 'node:http'
import { NegotiateStrategy, serializePrincipal } from '@s4u/passport'
import express from 'express'
import session from 'express-session'
import passport from 'passport'

passport.use(
  new NegotiateStrategy({ keytab: 'web.keytab' }, (identity, done) => done(null, { principal: identity.principal })),
)
passport.serializeUser(serializePrincipal)
passport.deserializeUser((/** @type {string} */ principal, done) => done(null, { principal }))

const app = express()
app.get('/health', (_req, res) => void res.send('ok'))
app.use(
  session({ secret: process.env.SESSION_SECRET ?? 'only-for-the-example', resave: false, saveUninitialized: false }),
)
app.use(passport.session())

const negotiate = passport.authenticate('negotiate')
app.use((req, res, next) => (req.isAuthenticated() ? next() : negotiate(req, res, next)))
app.get('/', (req, res) => void res.json(req.user))

createServer({ maxHeaderSize: 65_536 }, app).listen(process.env.PORT ?? 3000)
