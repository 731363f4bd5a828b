import { RejectedTokenError } from '@s4u/krb5'
import { AddRequest, Attribute, Change, DeleteRequest, ModifyRequest } from 'ldapts'
import type { AttributeValue, DirectoryChange } from '../interface/directory-change.js'
import { Operation } from '../ldap/response.js'
import { ResultCode } from '../ldap/result-code.js'
import type { Session } from './open-session.js'
import { refusalOf } from './refusal.js'

/** Makes a change. @throws DirectoryError */
export async function applyChange(session: Session, change: DirectoryChange, signal: AbortSignal): Promise<void> {
  const { connection, controller } = session
  if (!connection.isEncrypted) {
    throw new RejectedTokenError('a change would travel in clear text', { code: 'confidentialityRequired' })
  }
  const answer = await connection.exchange((id) => encodeChange(id, change), EXPECTED[change.kind], signal)
  if (answer.result.code !== ResultCode.SUCCESS) throw refusalOf(change.kind, answer, controller.label)
}

const EXPECTED = { modify: Operation.MODIFY, add: Operation.ADD, delete: Operation.DELETE } as const

function encodeChange(messageId: number, change: DirectoryChange): Uint8Array {
  const { dn } = change
  switch (change.kind) {
    case 'delete':
      return new DeleteRequest({ messageId, dn }).write()
    case 'add': {
      const attributes = Object.entries(change.attributes).map(([type, values]) => attribute(type, values))
      return new AddRequest({ messageId, dn, attributes }).write()
    }
    case 'modify': {
      const changes = change.modifications.map(
        ({ operation, attribute: type, values }) => new Change({ operation, modification: attribute(type, values) }),
      )
      return new ModifyRequest({ messageId, dn, changes }).write()
    }
  }
}

function attribute(type: string, values: readonly AttributeValue[]): Attribute {
  return new Attribute({
    type,
    values: values.map((value) => (typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value))),
  })
}
