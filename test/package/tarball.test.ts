import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { packageRoot } from '../../src/database/package-root.ts'

const run = promisify(execFile)

t.test('no document in the package links to a file outside it', async (t) => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: packageRoot, maxBuffer: 2 ** 24 })
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  const names = new Set(files.map(({ path }) => path))
  const pages = [...names].filter((name) => name.endsWith('.md'))
  t.ok(pages.includes('README.md') && pages.length > 5)
  for (const page of pages) {
    const links = [...readFileSync(join(packageRoot, page), 'utf8').matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)/g)]
      .map(([, link]) => normalize(join(dirname(page), link!)))
    t.same(links.filter((link) => !names.has(link)), [], page)
  }
  t.same([...names].filter((name) => /^(test|src|bench|chaos|\.)/.test(name)), [])
})

t.test('package.json names its repository, and the package can be required from CommonJS as the README says', async (t) => {
  const { repository } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    repository?: { type: string, url: string }
  }
  t.match(repository, { type: 'git', url: /^git\+https:\/\/.+\.git$/ })
  t.match(readFileSync(join(packageRoot, 'README.md'), 'utf8'), /ES module[^]*require\('latchkey'\)/)
  const { stdout } = await run(process.execPath, [
    '-e', "const door = require('latchkey'); console.log(typeof door.latchkey, typeof require('latchkey/testing').actingAs)"
  ], {
    cwd: packageRoot,
    env: { PATH: process.env['PATH'] }
  })
  t.equal(stdout.trim(), 'function function')
})
