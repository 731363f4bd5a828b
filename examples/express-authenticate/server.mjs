// @ts-check
/**
 * Who is calling? Needs web.keytab: the keys of HTTP/web.ad.test, exported from the directory.
 *
 *     node server.mjs
 *     curl --negotiate -u : http://web.ad.test:3000/
 *
 * after kinit, or at a desktop that is joined to the domain.
 */
import { createServer } from 'node:http'
import { negotiate } from '@s4u/express'
import express from 'express'

/** Groups come as SIDs, since names are not in tickets. (Get-ADGroup Managers).SID */
const managers = process.env.MANAGERS ?? 'S-1-5-21-1-2-3-1104'

const app = express()

app.get('/health', (_req, res) => void res.send('up'))

// Everything below wants to know its caller; who has no ticket gets a 401 with this body.
app.use(
  negotiate({ keytab: 'web.keytab', challenge: 'Please sign in to your desktop, or call the help desk: 4711.\n' }),
)

app.get('/', (req, res) => {
  const { principal, upn, authenticationMethod } = req.identity
  res.json({ hello: principal, upn, authenticationMethod })
})

app.get('/salaries', (req, res) => {
  if (req.identity.isInGroup(managers)) res.json({ alice: 1, bob: 2 })
  else res.status(403).send('Managers only.\n')
})

// Tickets of users in many groups are longer than the 16 KB of headers that Node takes by default.
createServer({ maxHeaderSize: 65_536 }, app).listen(process.env.PORT ?? 3000)
