/**
 * Shell blocks that cannot run in the test, by page and first words, each with the reason. In pages that may say so by themselves,
 * the block is opened with `sh no-run REASON` instead.
 */
export const notRun: readonly (readonly [page: string, begins: string, reason: string])[] = [
  ["README.md", "npm ci && npm start", "installs the project anew; the service it starts is the one of this test"],
  ["README.md", "grpcurl -plaintext", "needs grpcurl, with which test/smoke.sh does the same"],
  ["README.md", "protoc -I proto", "needs protoc and plugins of Go; test/examples generates a Go client"],
  ["CONTRIBUTING.md", "npm ci", "installs the project anew and runs every test"],
  ["docs/clients.md", "npm run examples", "builds clients in five languages; test/examples runs them"],
  ["docs/proof-tokens.md", "cd examples/verify-proof/node && npm install", "fetches a package; test/verify runs that verifier"],
];
