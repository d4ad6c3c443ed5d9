import { ValidateIf } from 'class-validator';

/** Of a field of a request. Unlike IsOptional it refuses null, which is no value that anything below it expects. */
export const MayBeLeftOut = (): PropertyDecorator => ValidateIf((_request, value) => value !== undefined);
