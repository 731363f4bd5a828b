import { readFileSync } from 'node:fs'
import { ConfigurationError } from '@s4u/krb5'
import { NO_REALM_FILE, type RealmFile } from './realm-settings.js'

/**
 * Reads the description of a realm: `{ "realm": "AD.TEST", "users": …, "services": … }`, as
 * `createTestRealm` takes it.
 *
 * @throws ConfigurationError where it is not there, or is no JSON object
 */
export function readRealmFile(path: string | undefined): RealmFile {
  if (path === undefined) return NO_REALM_FILE
  const value = parsed(path)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unreadable(path, 'it is no JSON object')
  const realm = 'realm' in value ? value.realm : undefined
  if (typeof realm !== 'string') throw unreadable(path, 'the member "realm" is missing')
  return { ...value, realm }
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw unreadable(path, error instanceof SyntaxError ? 'it is no JSON' : 'it cannot be opened', error)
  }
}

function unreadable(path: string, why: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(`the realm file ${path} cannot be read: ${why}`, {
    cause,
    hint: 'Write { "realm": "AD.TEST", "users": { "alice": { "password": "wonderland" } }, "services": { "web": { "spns": ["HTTP/web.ad.test"] } } }.',
  })
}
