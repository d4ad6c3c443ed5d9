import { Controller, Get, Headers, HttpCode, Param, ParseUUIDPipe, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader } from '@nestjs/swagger';
import { RosterService, type RefusalReason, type RosterSummary } from '@app/enrolment';
import { DomainError } from '@app/kernel';
import { CurrentPrincipal, Requires, type Principal } from '@app/platform';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';

@Controller()
export class RosterController {
  constructor(private readonly rosters: RosterService) {}

  /** The file is read as it arrives; the answer comes when all of it is in. */
  @Post('windows/:id/rosters')
  @HttpCode(200)
  @ApiConsumes('text/csv')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiHeader({ name: 'x-file-name', description: 'Percent-encoded' })
  @Requires('roster.import')
  import(
    @Param('id', ParseUUIDPipe) windowId: string,
    @Headers('x-file-name') fileName: string | undefined,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<RosterSummary> {
    return this.rosters.importRoster({ windowId, fileName: readFileName(fileName), principal, stream: readBody(request.body) });
  }

  @Get('rosters/:id')
  @Requires('roster.read')
  read(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<RosterSummary> {
    return this.rosters.read(id, principal);
  }

  @Get('rosters/:id/refusals')
  @Requires('roster.read')
  async refusals(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ row: number; field: string; reason: RefusalReason; remedy: string }[]> {
    return (await this.rosters.refusals(id, principal)).map(({ row, field, reason, remedy }) => ({ row, field, reason, remedy }));
  }
}

function readBody(body: unknown): Readable {
  if (body instanceof Readable) return body;
  throw new DomainError(
    'roster-body',
    'invalid',
    'expected the file as the body with content type text/csv, found something else; send it so',
  );
}

function readFileName(header: string | undefined): string {
  try {
    return (
      decodeURIComponent(header ?? '')
        .replace(/\p{Cc}/gu, '')
        .slice(0, 200) || 'roster.csv'
    );
  } catch {
    throw new DomainError('file-name', 'invalid', 'x-file-name: expected a percent-encoded name, found something else; encode it');
  }
}
