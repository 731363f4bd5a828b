/**
 * Servers that speak HTTP and Negotiate, asked as the user who called: `caller` is
 * `req.identity.impersonate()`. Each needs nothing but `caller.fetch`; docs/backends.md has what
 * the servers need.
 */

/** Trino: rows of a statement, page by page. Another realm's alice must not become `realm`'s. */
export async function trino(caller, url, sql, realm) {
  const [, user, of] = /^(.*)@(.*)$/s.exec(caller.principal) ?? []
  if (of !== realm) throw new Error(`${caller.principal} is not a user of ${realm}`)
  const rows = []
  let page = await jsonOf(
    await caller.fetch(`${url}/v1/statement`, { method: 'POST', body: sql, headers: { 'x-trino-user': user } }),
  )
  for (;;) {
    if (page.error) throw new Error(`Trino: ${page.error.message}`)
    rows.push(...(page.data ?? []))
    if (page.nextUri === undefined) return rows
    // The ticket goes to the server that was asked, wherever an answer points.
    if (new URL(page.nextUri).origin !== new URL(url).origin) throw new Error('Trino: the next page is elsewhere')
    page = await jsonOf(await caller.fetch(page.nextUri, { headers: { 'x-trino-user': user } }))
  }
}

/** Elasticsearch: what is found, with the document and field rules of the user's roles. */
export async function elasticsearch(caller, url, index, query) {
  const found = await caller.fetch(`${url}/${encodeURIComponent(index)}/_search`, json({ query }))
  return (await jsonOf(found)).hits.hits.map((hit) => hit._source)
}

/** CouchDB: one document, behind a proxy that speaks Negotiate. */
export async function couchdb(caller, url, database, id) {
  return jsonOf(await caller.fetch(`${url}/${encodeURIComponent(database)}/${encodeURIComponent(id)}`))
}

/** WebHDFS: a file. The name node says where it is, and the data node gets a ticket of its own. */
export async function webhdfs(caller, url, path) {
  const at = `${url}/webhdfs/v1${path.split('/').map(encodeURIComponent).join('/')}`
  return (await checked(await caller.fetch(`${at}?op=OPEN`))).arrayBuffer()
}

/** SharePoint: items of a list. */
export async function sharepoint(caller, url, list) {
  const name = encodeURIComponent(list.replaceAll("'", "''"))
  const headers = { accept: 'application/json;odata=nometadata' }
  return (await jsonOf(await caller.fetch(`${url}/_api/web/lists/getbytitle('${name}')/items`, { headers }))).value
}

/** SOAP (WCF with Windows authentication): the body of the answer, as text. */
export async function soap(caller, url, action, envelope) {
  const headers = { 'content-type': 'text/xml; charset=utf-8', soapaction: `"${action}"` }
  return (await checked(await caller.fetch(url, { method: 'POST', headers, body: envelope }))).text()
}

const json = (body) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const jsonOf = async (response) => (await checked(response)).json()
async function checked(response) {
  if (!response.ok) throw new Error(`${new URL(response.url).host} answered ${response.status}`)
  return response
}
