import type { PersonAnswer } from '@app/contracts';
import { Body, Controller, Headers, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import { Fields, fieldsOfList } from '../fields.js';
import { hangUp, invalid, Refusal, type Reply } from '../http.js';
import { PERSON_SETTINGS, Platform } from './platform.js';
import { Playback, type PlaybackResult } from './playback.js';
import { PushFailed } from './push-client.js';

@Controller()
export class MedicalInsuranceController {
  constructor(
    private readonly platform: Platform,
    private readonly playback: Playback,
  ) {}

  @Post('fsi/api/:infno')
  answer(@Param('infno') infno: string, @Body() body: unknown, @Res() reply: Reply): void {
    const silence = this.platform.silence(infno, body);
    if (silence === 'hang-up') hangUp(reply);
    // Never answered; whoever asks gives up some time.
    else if (silence === 'time-out') reply.hijack();
    else reply.status(200).send(this.platform.answer(infno, body));
  }

  @Put('control/feed')
  loadFeed(@Headers('x-feed-source') source: string | undefined, @Body() body: unknown): { source: string; messages: number } {
    if (typeof body !== 'string' || !source) throw invalid('expected lines as text/plain and the header x-feed-source');
    return { source, messages: this.playback.load({ source, lines: body.split('\n') }) };
  }

  @Put('control/persons')
  loadPersons(@Body() body: unknown): { loaded: number } {
    const persons = fieldsOfList(body).map(readPerson);
    this.platform.putPersons(persons);
    return { loaded: persons.length };
  }

  @Put('control/person-settings')
  setPersons(@Body() body: unknown): { set: number } {
    const settings = fieldsOfList(body).map((fields) => ({ certno: fields.text('certno'), setting: readSetting(fields.text('setting')) }));
    for (const { certno, setting } of settings) this.platform.setPerson(certno, setting);
    return { set: settings.length };
  }

  /** All of them at once: what is left out is no fault. */
  @Post('faults')
  @HttpCode(200)
  setFaults(@Body() body: unknown): Platform['faults'] {
    const fields = new Fields(body);
    const outage = fields.names().includes('outage') ? fields.object('outage') : undefined;
    this.platform.faults = {
      ...(outage ? { outage: { from: readInstant(outage, 'from'), until: readInstant(outage, 'until') } } : {}),
      callsPerSecond: fields.optionalInteger('callsPerSecond', 0),
    };
    return this.platform.faults;
  }

  @Post('control/playback')
  @HttpCode(200)
  async play(@Body() body: unknown): Promise<PlaybackResult> {
    const until = readInstant(new Fields(body), 'until');
    try {
      return await this.playback.playback(until);
    } catch (error) {
      if (error instanceof PushFailed) throw new Refusal(502, 'push-failed', error.message);
      throw error;
    }
  }
}

function readPerson(fields: Fields): PersonAnswer {
  const base = fields.object('baseinfo');
  return {
    baseinfo: {
      psn_no: base.text('psn_no'),
      psn_name: base.text('psn_name'),
      certno: base.text('certno'),
      gend: base.text('gend'),
      brdy: base.text('brdy'),
    },
    insuinfo: fields.list('insuinfo').map((one) => ({
      insutype: one.text('insutype'),
      psn_type: one.text('psn_type'),
      psn_insu_stas: readStatus(one.text('psn_insu_stas')),
      insuplc_admdvs: one.text('insuplc_admdvs'),
    })),
  };
}

function readInstant(fields: Fields, name: string): Date {
  const instant = new Date(fields.text(name));
  if (Number.isNaN(instant.getTime())) throw invalid(`${name} must be an ISO instant`);
  return instant;
}

function readSetting(text: string): (typeof PERSON_SETTINGS)[number] {
  const setting = PERSON_SETTINGS.find((one) => one === text);
  if (!setting) throw invalid(`setting must be one of ${PERSON_SETTINGS.join(', ')}`);
  return setting;
}

function readStatus(text: string): '1' | '2' | '3' {
  if (text === '1' || text === '2' || text === '3') return text;
  throw invalid('psn_insu_stas must be 1, 2 or 3');
}
