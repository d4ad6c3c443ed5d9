import { createHttpApp, readConfigOrExit } from '@app/platform';
import { EnrolmentAppModule } from './enrolment-app.module.js';

const app = await createHttpApp(EnrolmentAppModule.forRoot(readConfigOrExit(process.env)), 'Hubao enrolment');
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3001), process.env.HOST ?? '0.0.0.0');
