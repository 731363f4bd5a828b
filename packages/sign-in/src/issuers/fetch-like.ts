/** What fetches: `fetch` of Node, undici with a proxy or authorities of your own. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>
