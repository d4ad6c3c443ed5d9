import { NestFactory } from '@nestjs/core';
import { keepHeapSmall, readConfigOrExit } from '@app/platform';
import { WorkerAppModule } from './worker-app.module.js';

keepHeapSmall();
const worker = await NestFactory.createApplicationContext(WorkerAppModule.forRoot(readConfigOrExit(process.env)), {
  logger: ['error', 'warn'],
});
worker.enableShutdownHooks();
