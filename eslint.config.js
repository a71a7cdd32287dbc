import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: ['dist/**', 'build/**', 'prisma/generated/**', '.tap/**', '.latchkey*/**'] }),
  {
    rules: {
      // A TypeBox schema and its type share one name
      '@typescript-eslint/no-redeclare': 'off',
      // `error` is also a wire name of OAuth
      'n/handle-callback-err': 'off',
      // The pages are strings, there is no list to reconcile
      'react/jsx-key': 'off',
      // Closures change them
      'no-unmodified-loop-condition': 'off',
      '@stylistic/object-property-newline': 'off',
      // SQL is read as a whole, and a sentence is found by its words
      '@stylistic/max-len': ['error', { code: 140, ignoreTemplateLiterals: true, ignoreStrings: true, ignoreRegExpLiterals: true, ignoreUrls: true }]
    }
  },
  // Written by scripts/options-table.js
  { files: ['src/config/options.ts'], rules: { '@stylistic/max-len': 'off' } }
]
