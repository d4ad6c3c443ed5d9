/** What class-validator has no rule for, or one that takes too much. */
import { applyDecorators } from '@nestjs/common';
import { parseCivilDate } from '@app/kernel';
import { Transform } from 'class-transformer';
import { IsInt, IsString, Length, Max, Min, ValidateBy, ValidateIf } from 'class-validator';
import { z } from 'zod';

/** Unlike IsOptional it refuses null, which is no value that anything below it expects. */
export const MayBeLeftOut = (): PropertyDecorator => ValidateIf((_request, value) => value !== undefined);

/** What a person writes for others to read; spaces around it are not kept, and alone say nothing. */
export const IsRemark = (most: number): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    IsString(),
    Length(1, most),
  );

const INSTANT = z.iso.datetime({ offset: true });
/** Unlike IsISO8601 only what Date reads: no weeks, no days of a year, no commas. */
export const IsInstant = (): PropertyDecorator =>
  ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value) => INSTANT.safeParse(value).success,
      defaultMessage: (found) => `${found?.property} must be an instant like 2025-09-01T00:00:00+08:00`,
    },
  });

export const IsDay = (): PropertyDecorator =>
  ValidateBy({
    name: 'isDay',
    validator: {
      validate: (value) => typeof value === 'string' && parseCivilDate(value) !== undefined,
      defaultMessage: (found) => `${found?.property} must be a day like 2025-09-01`,
    },
  });

/** In fen; more is no contribution, and soon no safe integer. */
const MOST_FEN = 1_000_000_000_000;
export const IsFen = (least: number): PropertyDecorator => applyDecorators(IsInt(), Min(least), Max(MOST_FEN));

/** Unlike ArrayUnique it looks at each entry once. */
export const IsDistinct = (key: (entry: unknown) => unknown = (entry) => entry): PropertyDecorator =>
  ValidateBy({
    name: 'isDistinct',
    validator: {
      validate: (value) => Array.isArray(value) && new Set((value as unknown[]).map(key)).size === value.length,
      defaultMessage: (found) => `${found?.property} must name each entry once`,
    },
  });
