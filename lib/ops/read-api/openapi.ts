/** OpenAPI 3.1 of the routes, made of the schemas by which questions are checked: it cannot say anything else. */

import { z } from 'zod';
import { PROBLEM_TYPE } from '../../base/http/problem.ts';
import type { ReadRoute } from './route.ts';
import { Problem } from './schemas.ts';

const PROBLEM_REF = { $ref: '#/components/schemas/Problem' };

export function openApiOf(routes: readonly ReadRoute[], version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'sensor-gateway read API',
      version,
      description:
        'What is stored, read back. Times are whole milliseconds since 1970 (UTC), answers carry an ETag, and a list that ends with `next` goes on with `cursor`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths: Object.fromEntries(routes.map((one) => [one.url, { get: operationOf(one) }])),
    components: { schemas: { Problem: schemaOf(Problem, 'output') } },
  };
}

function operationOf({ url, about, query, answer }: ReadRoute): object {
  const content = isTypes(answer)
    ? Object.fromEntries(answer.map((type) => [mediaType(type), { schema: { type: 'string' } }]))
    : { 'application/json': { schema: schemaOf(answer, 'output') } };
  const problems = {
    description: 'What is wrong, and what to do.',
    content: { [PROBLEM_TYPE]: { schema: PROBLEM_REF } },
  };
  return {
    operationId: url.split(/[/.]/).at(url.endsWith('.json') ? -2 : -1),
    summary: about,
    parameters: parametersOf(query),
    responses: { '200': { description: about, content }, default: problems },
  };
}

function isTypes(answer: ReadRoute['answer']): answer is readonly string[] {
  return Array.isArray(answer);
}

/** Without its parameters, which OpenAPI would take for another type. */
function mediaType(type: string): string {
  return type.split(';', 1)[0] ?? type;
}

function parametersOf(query: z.ZodType): object[] {
  const { properties = {}, required = [] } = schemaOf(query, 'input');
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as { description?: string };
    return { name, in: 'query', required: required.includes(name), description, schema: rest };
  });
}

/** OpenAPI 3.1 takes JSON Schema as it is; the dialect is said once, by the version. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
