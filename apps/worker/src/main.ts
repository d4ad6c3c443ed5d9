import { NestFactory } from '@nestjs/core';
import { readConfigOrExit } from '@app/platform';
import { WorkerAppModule } from './worker-app.module.js';

const worker = await NestFactory.createApplicationContext(WorkerAppModule.forRoot(readConfigOrExit(process.env)), {
  logger: ['error', 'warn'],
});
worker.enableShutdownHooks();
