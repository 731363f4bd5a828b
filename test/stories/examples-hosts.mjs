/**
 * Preloaded into the examples: lets `fetch` find the hosts of the embedded realm, which no DNS
 * knows. HOSTS: `{ "api.ad.test": "127.0.0.1:1234" }`
 */
const platformFetch = globalThis.fetch
const hosts = JSON.parse(process.env.HOSTS ?? '{}')

globalThis.fetch = (input, init) => {
  const request = new Request(input, init)
  const url = new URL(request.url)
  url.host = hosts[url.host] ?? url.host
  // A token travels on the connections of its identity alone: whatever stands in for fetch passes
  // those on.
  return platformFetch(new Request(url, request), { dispatcher: init?.dispatcher })
}
