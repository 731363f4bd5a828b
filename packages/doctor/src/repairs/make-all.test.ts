import { type Directory, type DirectoryChange, DirectoryError } from '@s4u/directory'
import { expect, test } from 'vitest'
import { makeAll } from './make-all.js'

const move = (dn: string, operation: 'add' | 'delete'): DirectoryChange => ({
  kind: 'modify',
  dn,
  modifications: [{ operation, attribute: 'servicePrincipalName', values: ['HTTP/web.corp.test'] }],
})

/** A directory that refuses the change of one entry, and keeps those that it makes. */
function refusing(dn: string): { readonly directory: Pick<Directory, 'apply'>; readonly made: DirectoryChange[] } {
  const made: DirectoryChange[] = []
  const apply = async (change: DirectoryChange): Promise<void> => {
    if (change.dn === dn)
      throw new DirectoryError('insufficientAccessRights', {
        operation: 'modify',
        resultCode: 50,
        diagnostic: '',
        server: 'dc1.corp.test:389',
      })
    made.push(change)
  }
  return { directory: { apply }, made }
}

test('where the second of two changes is refused, the first is taken back: the name stays on an account', async () => {
  const { directory, made } = refusing('CN=new')
  const changes = [move('CN=old', 'delete'), move('CN=new', 'add')]
  await expect(makeAll(changes, directory)).rejects.toMatchObject({ code: 'insufficientAccessRights' })
  expect(made).toEqual([move('CN=old', 'delete'), move('CN=old', 'add')])
})

test('changes that are all made stay', async () => {
  const { directory, made } = refusing('CN=none')
  const changes = [move('CN=old', 'delete'), move('CN=new', 'add')]
  await makeAll(changes, directory)
  expect(made).toEqual(changes)
})
