import { BACKLOG, createHttpApp, readConfigOrExit } from '@app/platform';
import { EnrolmentAppModule } from './enrolment-app.module.js';

const config = readConfigOrExit(process.env);
const app = await createHttpApp(EnrolmentAppModule.forRoot(config), 'Hubao enrolment', config.trustedProxies);
app.enableShutdownHooks();
await app.listen({ port: Number(process.env.PORT ?? 3001), host: process.env.HOST ?? '0.0.0.0', backlog: BACKLOG });
