import { startEmbedded } from '../../../src/database/embedded.ts'

// A process that uses the embedded database until it is killed, deaf to Ctrl-C.
process.on('SIGINT', () => {})
const { url, adopted } = await startEmbedded({ dataDir: String(process.argv[2]) })
process.send?.({ url, adopted })
