// Prints what the official JSON Schema of OpenAPI has against the document on standard input, as JSON.
import { text } from "node:stream/consumers";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const { valid, errors } = await validator.validate(await text(process.stdin));
process.stdout.write(JSON.stringify({ valid, version: validator.version, errors }));
