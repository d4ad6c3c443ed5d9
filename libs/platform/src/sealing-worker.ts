import { parentPort, workerData } from 'node:worker_threads';
import { PersonalDataVault } from './personal-data.js';
import { sealSet, type PersonalSet } from './sealing.js';

const vault = new PersonalDataVault(workerData as string);

parentPort!.on('message', (set: PersonalSet) => {
  const sealed = sealSet(vault, set);
  parentPort!.postMessage(sealed, [sealed.sealed.buffer as ArrayBuffer]);
});

parentPort!.postMessage('started');
