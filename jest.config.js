const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: {
    '^@fastify/static$': '<rootDir>/test/support/no-static-files.ts',
    '^@app/([a-z]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

/** Sizes as in docs/ARCHITECTURE.md: small and cases need nothing; medium and e2e run on a real PostgreSQL that the global set-up starts. */
export default {
  testTimeout: 120_000,
  // A worker that has run many files holds gigabytes, which the system takes longer to free than the half second after which Jest calls it stuck.
  workerGracefulExitTimeout: 5_000,
  projects: [
    { ...common, displayName: 'small', testMatch: ['<rootDir>/{apps,libs}/**/*.spec.ts', '<rootDir>/test/tidy/**/*.spec.ts'] },
    {
      ...common,
      displayName: 'medium',
      testMatch: ['<rootDir>/{apps,libs}/**/*.medium-spec.ts', '<rootDir>/test/{e2e,faults,simulation}/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.mjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
    },
  ].map((project) => ({ rootDir: import.meta.dirname, ...project })),
};
