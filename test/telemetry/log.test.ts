import { expect, test } from "vitest";
import { createLog } from "../../src/telemetry/log.ts";
import { collectLines } from "./lines.ts";

const logged = (fields: object, message?: string): string => {
  const { lines, writer } = collectLines();
  createLog({ level: "trace", writer }).logger.info(fields, message);
  return JSON.stringify(lines());
};

test.for<[string, object]>([
  ["by its name", { code: "271828" }],
  ["in any case", { Authorization: "Bearer 271828", PASSWORD: "271828" }],
  ["in a group", { message: { text: "Your code is 271828", deep: { er: { authToken: "271828" } } } }],
  ["in a list", { messages: [{ code: "271828" }] }],
  ["in a property of an error", { err: Object.assign(new Error("x"), { response: "271828", config: { body: "271828" }, code: 271828 }) }],
  ["in a property of a cause", { err: new Error("x", { cause: Object.assign(new Error("y"), { request: "271828" }) }) }],
  ["as bytes", { hash: Buffer.from("271828") }],
  ["too deep to look", { a: { b: { c: { d: { e: { f: { g: { h: "271828" } } } } } } } }],
])("a secret %s does not reach a line", ([, fields]) => {
  expect(logged(fields)).not.toMatch(/271828|50,55,49,56,50,56/);
});

test("what is no secret stays, an error with its stack", () => {
  const line = logged({ event: "x", count: 3, list: [1, { a: null }], err: new TypeError("no such thing") }, "words");
  expect(JSON.parse(line)).toMatchObject([
    {
      level: "info",
      event: "x",
      count: 3,
      list: [1, { a: null }],
      msg: "words",
      err: { type: "TypeError", message: "no such thing", stack: expect.stringContaining("log.test.ts") },
    },
  ]);
});

test("a circle of objects ends", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(logged(circle)).toContain("[deeper]");
});

test("below its level nothing is written", () => {
  const { lines, writer } = collectLines();
  const { logger } = createLog({ level: "error", writer });
  logger.warn("x");
  logger.error("y");
  expect(lines()).toMatchObject([{ level: "error", msg: "y" }]);
});
