/** In place of @fastify/static, which requires an ESM package: Jest cannot before Node 24.9. The page at /docs has no styles in tests. */
export default async function noStaticFiles(): Promise<void> {}
