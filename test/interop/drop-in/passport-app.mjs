/**
 * JSON: a web server with passport-negotiate, as it is installed; prints its port. It answers with
 * the name of the caller, and with `act` with what a backend says to a token in the caller's name.
 */
import { createServer } from 'node:http'
import { Kerberos } from 'kerberos'
import { Strategy } from 'passport-negotiate'

const { address, service, delegates = false, backend } = JSON.parse(process.argv[2])
const strategy = new Strategy({ servicePrincipalName: service, enableConstrainedDelegation: delegates }, (user, done) =>
  done(null, user),
)

createServer((request, response) => {
  request.get = (name) => request.headers[name]
  const attempt = Object.create(strategy)
  attempt.fail = (challenge) => response.writeHead(401, { 'www-authenticate': String(challenge) }).end()
  attempt.error = (error) => response.writeHead(500).end(String(error))
  attempt.success = (user) => {
    if (backend === undefined) return response.end(user)
    tokenFor(backend, request.delegatedCredentialsCache, (error, token) =>
      response.end(error ? error.message : `${user} ${token}`),
    )
  }
  attempt.authenticate(request, {})
}).listen(0, address, function () {
  console.log(this.address().port)
})

/** What such programs do with the credentials of the caller. */
function tokenFor(spn, credentials, callback) {
  const kerberos = new Kerberos()
  kerberos.authGSSClientInit(spn, Kerberos.GSS_C_MUTUAL_FLAG, credentials, (error, context) => {
    if (error) return callback(error)
    kerberos.authGSSClientStep(context, '', (error) => callback(error, context.response))
  })
}
