import { NestFactory } from '@nestjs/core';
import { readConfig } from '@app/platform';
import { WorkerAppModule } from './worker-app.module.js';

const worker = await NestFactory.createApplicationContext(WorkerAppModule.forRoot(readConfig(process.env)), { logger: ['error', 'warn'] });
worker.enableShutdownHooks();
