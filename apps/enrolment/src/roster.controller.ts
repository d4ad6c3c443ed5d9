import { Controller, Get, Headers, HttpCode, Param, ParseUUIDPipe, Post, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiProduces, ApiPropertyOptional } from '@nestjs/swagger';
import { RosterService, type RefusalReason, type RosterList, type RosterSummary } from '@app/enrolment';
import { DomainError } from '@app/kernel';
import { CurrentPrincipal, MayBeLeftOut, Requires, type Principal } from '@app/platform';
import { IsUUID } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';

/** Whatever a browser or a script calls a spreadsheet: what it is, its bytes tell. */
export const ROSTER_TYPES = [
  'text/csv',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.ms-excel',
  'application/vnd.ms-excel.sheet.macroenabled.12',
  'application/octet-stream',
] as const;

/** The one route that takes a file, when it is posted. */
export const ROSTERS = '/windows/:id/rosters';

class RosterQuery {
  @ApiPropertyOptional({ description: 'importId behind which the page begins, as "next" of the one before' })
  @MayBeLeftOut()
  @IsUUID('all')
  after?: string;
}

@Controller()
export class RosterController {
  constructor(private readonly rosters: RosterService) {}

  /** Answers when all of the file is in; or, asked with `Prefer: respond-async` (RFC 7240) or of a very large one, as soon as it is stored. */
  @Post(ROSTERS)
  @HttpCode(200)
  @ApiConsumes(...ROSTER_TYPES)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiHeader({ name: 'x-file-name', description: 'Percent-encoded' })
  @ApiHeader({ name: 'prefer', description: '"respond-async": 202 with the place where the import is followed', required: false })
  @Requires('roster.import')
  async import(
    @Param('id', ParseUUIDPipe) windowId: string,
    @Headers('x-file-name') fileName: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @CurrentPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RosterSummary | { importId: string }> {
    const upload = { windowId, fileName: readFileName(fileName), principal, stream: readBody(request.body) };
    if (!/(^|[\s,;])respond-async($|[\s,;])/i.test(prefer ?? '')) {
      const summary = await this.rosters.importRoster(upload);
      if (summary.state === 'received') void reply.status(202).header('location', `/rosters/${summary.importId}`);
      return summary;
    }
    const importId = await this.rosters.receive(upload);
    void reply.status(202).header('location', `/rosters/${importId}`).header('preference-applied', 'respond-async');
    return { importId };
  }

  /** Newest first, a page at a time. */
  @Get(ROSTERS)
  @Requires('roster.read')
  list(
    @Param('id', ParseUUIDPipe) windowId: string,
    @Query() { after }: RosterQuery,
    @CurrentPrincipal() principal: Principal,
  ): Promise<RosterList> {
    return this.rosters.list(windowId, principal, after);
  }

  @Get('rosters/:id')
  @Requires('roster.read')
  read(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<RosterSummary> {
    return this.rosters.read(id, principal);
  }

  /** The file as it came, with a column of what was found in each row. */
  @Get('rosters/:id/findings-file')
  @ApiProduces('text/csv', ROSTER_TYPES[1])
  @Requires('roster.read')
  async findingsFile(@Param('id', ParseUUIDPipe) id: string, @CurrentPrincipal() principal: Principal): Promise<StreamableFile> {
    const { body, contentType, fileName } = await this.rosters.findingsFile(id, principal);
    return new StreamableFile(body, { type: contentType, disposition: `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}` });
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
    `expected the file as the body with one of the content types ${ROSTER_TYPES.join(', ')}, found something else; send it so`,
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
