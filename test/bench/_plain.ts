import { startEmbeddedPostgres } from '@app/platform';
import { rosterImportBench } from './_b.js';
const server = await startEmbeddedPostgres({ dataDirectory: '/tmp/hubao-bench-enrol' });
try { console.log(await rosterImportBench(server.url)); } finally { await server.stop(); }
