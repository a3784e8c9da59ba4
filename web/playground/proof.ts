/** The proof of a verification, checked as any other service would: with nothing but the public keys. */
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { h } from "../element/dom.ts";
import { highlight } from "./highlight.ts";
import { byId } from "./page.ts";

export type Proof = { show(token: string, purpose: string): Promise<void>; hide(): void };

export function createProof(): Proof {
  const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", location.href));
  const body = byId("proof");
  const empty = [...body.children];
  return {
    hide: () => body.replaceChildren(...empty),
    async show(token, purpose) {
      if (token === "") return body.replaceChildren(h("p", { class: "empty" }, "The service has no proof key, so it signed nothing."));
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keys, { typ: "countersign-proof+jwt" });
        const seconds = (payload.exp ?? 0) - (payload.iat ?? 0);
        const checks = [
          check(true, "Signature", `${protectedHeader.alg}, key ${protectedHeader.kid ?? ""}`),
          check(true, "Type", protectedHeader.typ ?? ""),
          check(payload.purpose === purpose, "Purpose", String(payload.purpose)),
          check(true, "Lifetime", `${seconds} s from the moment of the verification`),
        ];
        body.replaceChildren(h("ul", { class: "checks" }, ...checks), ...parts(token, payload));
      } catch (thrown) {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        body.replaceChildren(h("ul", { class: "checks" }, check(false, "Not valid", why)));
      }
    },
  };
}

function check(ok: boolean, name: string, value: string): HTMLElement {
  return h("li", { class: ok ? "good" : "bad" }, h("span", {}, name), h("span", {}, value));
}

function parts(token: string, payload: object): HTMLElement[] {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const colored = h("p", { class: "token" }, h("span", {}, header), ".", h("span", {}, claims), ".", h("span", {}, signature));
  return [
    h(
      "details",
      {},
      h("summary", {}, "Claims"),
      h("pre", { class: "claims", tabindex: "0" }, ...highlight(JSON.stringify(payload, null, 2))),
    ),
    h(
      "details",
      {},
      h("summary", {}, "Header and token"),
      h("pre", { class: "claims", tabindex: "0" }, ...highlight(JSON.stringify(decodeProtectedHeader(token), null, 2))),
      colored,
    ),
  ];
}
