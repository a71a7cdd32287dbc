import { startTestDatabase } from './database.ts'

const { stop } = await startTestDatabase()
await stop()
