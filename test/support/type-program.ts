import type { Test } from 'tap'
import ts from 'typescript'

/** Makes programs: those with the same options share the files that they read, as in an editor. The files are freed after the test. */
export function typePrograms (t: Test): (options: ts.CompilerOptions, files: string[]) => ts.Program {
  const hosts = new Map<ts.CompilerOptions, ts.CompilerHost>()
  t.teardown(() => hosts.clear())
  return (options, files) => {
    const host = hosts.get(options) ?? sharingHost(options)
    hosts.set(options, host)
    return ts.createProgram(files, options, host)
  }
}

function sharingHost (options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const files = new Map<string, ts.SourceFile | undefined>()
  return {
    ...host,
    getSourceFile (name, version, ...rest) {
      const key = `${name} ${typeof version === 'object' ? version.impliedNodeFormat : ''}`
      if (!files.has(key)) files.set(key, host.getSourceFile(name, version, ...rest))
      return files.get(key)
    }
  }
}

/** What the compiler finds wrong, each with its file. */
export const problemsOf = (program: ts.Program): string[] => ts.getPreEmitDiagnostics(program).map(({ file, messageText }) =>
  `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
)
