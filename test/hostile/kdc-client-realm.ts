// What the tests of the KDC client begin with.
export { adTest, clientOf, refusalOf, userClient } from '../kdc-client/realm-and-clients.js'
