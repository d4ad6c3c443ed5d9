import { BACKLOG, createHttpApp, readConfigOrExit } from '@app/platform';
import { ClaimsAppModule } from './claims-app.module.js';

const app = await createHttpApp(ClaimsAppModule.forRoot(readConfigOrExit(process.env)), 'Hubao claims');
app.enableShutdownHooks();
await app.listen({ port: Number(process.env.PORT ?? 3000), host: process.env.HOST ?? '0.0.0.0', backlog: BACKLOG });
