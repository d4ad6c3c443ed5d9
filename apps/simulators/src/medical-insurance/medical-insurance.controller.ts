import type { InsuranceAnswer, PersonAnswer } from '@app/contracts';
import { Body, Controller, Headers, HttpCode, Param, Post, Put } from '@nestjs/common';
import { Fields, fieldsOfList } from '../fields.js';
import { invalid, Refusal } from '../http.js';
import { Platform } from './platform.js';
import { Playback, type PlaybackResult } from './playback.js';
import { PushFailed } from './push-client.js';

@Controller()
export class MedicalInsuranceController {
  constructor(
    private readonly platform: Platform,
    private readonly playback: Playback,
  ) {}

  @Post('fsi/api/:infno')
  @HttpCode(200)
  answer(@Param('infno') infno: string, @Body() body: unknown): InsuranceAnswer {
    return this.platform.answer(infno, body);
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

  @Post('control/playback')
  @HttpCode(200)
  async play(@Body() body: unknown): Promise<PlaybackResult> {
    const until = new Date(new Fields(body).text('until'));
    if (Number.isNaN(until.getTime())) throw invalid('until must be an ISO instant');
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

function readStatus(text: string): '1' | '2' | '3' {
  if (text === '1' || text === '2' || text === '3') return text;
  throw invalid('psn_insu_stas must be 1, 2 or 3');
}
