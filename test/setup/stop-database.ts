import { embeddedUrl } from '../../src/database/embedded.ts'
import { startTestDatabase, testDataDir } from './database.ts'

if (await embeddedUrl(testDataDir)) await (await startTestDatabase()).stop()
