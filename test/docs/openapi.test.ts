import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { generateOpenApi } from "../../docs/openapi/generate.ts";
import { inbox } from "../process/calls.ts";
import { type Service, startService } from "../process/service.ts";

type Operation = { readonly operationId: string; readonly responses: Record<string, object> };
type Document = {
  readonly paths: Record<string, { readonly post: Operation }>;
  readonly components: { readonly schemas: Record<string, object> };
};

const text = readFileSync(new URL("../../docs/openapi.yaml", import.meta.url), "utf8");
const document = parse(text) as Document;
const { schemas } = document.components;

test("docs/openapi.yaml is what the contract says (else: node docs/openapi/generate.ts > docs/openapi.yaml)", () => {
  expect(text).toBe(generateOpenApi());
});

test("every reference names a schema, and every schema is used", () => {
  const named = new Set([...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name));
  expect([...named].sort()).toEqual(Object.keys(schemas).sort());
});

test("every call has one path, a name of its own and its refusals; streams and what has no JSON have none", () => {
  const paths = Object.keys(document.paths);
  expect(paths).toEqual(expect.arrayContaining(["/countersign.v1.CodeService/SendCode", "/countersign.v1.ProofService/RedeemProof"]));
  expect(paths.filter((path) => /Watch|Admin/.test(path))).toEqual([]);
  const operations = Object.values(document.paths).map(({ post }) => post);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  const statuses = Object.keys(document.paths["/countersign.v1.CodeService/VerifyCode"]?.post.responses ?? {});
  expect(statuses).toEqual(["200", "400", "401", "403", "404", "409", "429", "500", "503", "504"]);
});

/** The schema of one message, with unknown properties refused, so that an answer with a field that is not described fails. */
function schemaOf(name: string): z.ZodType {
  const closed = Object.entries(schemas).map(([key, schema]) => [
    key,
    "properties" in schema ? { ...schema, additionalProperties: false } : schema,
  ]);
  const all = JSON.stringify({ $ref: `#/$defs/${name}`, $defs: Object.fromEntries(closed) }).replaceAll(
    "#/components/schemas/",
    "#/$defs/",
  );
  return z.fromJSONSchema(JSON.parse(all));
}

describe("what the service answers is as described:", () => {
  let service: Service;
  const phoneNumber = `+1415555${randomInt(2000, 9999)}`;
  const call = async (method: string, request: object) => {
    const response = await fetch(`http://${service.http}/countersign.v1.CodeService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    const { responses } = document.paths[`/countersign.v1.CodeService/${method}`]?.post ?? {};
    expect(responses).toHaveProperty(String(response.status));
    return { status: response.status, body: (await response.json()) as { challenge: { challengeId: string } } };
  };
  beforeAll(async () => {
    service = await startService();
  });

  test("a send, a wrong code, a right code and a resend", async () => {
    const sent = await call("SendCode", { recipient: { phoneNumber }, binding: { amount: "1" } });
    expect(schemaOf("SendCodeResponse").parse(sent.body)).toEqual(sent.body);
    const { challengeId } = sent.body.challenge;
    const resent = await call("ResendCode", { challengeId });
    expect([resent.status, schemaOf("Error").parse(resent.body)]).toEqual([429, resent.body]);
    const wrong = await call("VerifyCode", { challengeId, code: "000000" });
    expect([wrong.status, schemaOf("Error").parse(wrong.body)]).toEqual([400, wrong.body]);
    const code = (await inbox(service, phoneNumber))[0]?.code;
    const right = await call("VerifyCode", { challengeId, code, binding: { amount: "1" } });
    expect([right.status, schemaOf("VerifyCodeResponse").parse(right.body)]).toEqual([200, right.body]);
  });

  test("a request with the wrong types", async () => {
    const bad = await call("SendCode", { recipient: { phoneNumber: 12 } });
    expect([bad.status, schemaOf("Error").parse(bad.body)]).toEqual([400, bad.body]);
    expect(schemaOf("SendCodeRequest").safeParse({ recipient: { phoneNumber: 12 } }).success).toBe(false);
    expect(schemaOf("Recipient").safeParse({ phoneNumber: "+1", colour: "red" }).success).toBe(false);
  });
});
