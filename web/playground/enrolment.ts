/** An authenticator app, from its QR code to a sign-in with it. Only where the service keeps authenticators. */
import { ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AuthenticatorService, type Enrolment } from "../../src/gen/countersign/v1/authenticator_service_pb.js";
import { Channel, CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { h } from "../element/dom.ts";
import { byId } from "./page.ts";

/** Another one for every visit, so that a page that is opened again begins at the beginning. */
const newSubject = (): string => `playground-${crypto.randomUUID().slice(0, 8)}`;

export async function createEnrolment(record: Interceptor): Promise<void> {
  const transport = createConnectTransport({ baseUrl: location.origin, interceptors: [record] });
  const quiet = createConnectTransport({ baseUrl: location.origin });
  const [authenticators, codes] = [createClient(AuthenticatorService, transport), createClient(CodeService, transport)];
  const subject = newSubject();
  const isServed = await createClient(AuthenticatorService, quiet)
    .listAuthenticators({ subject })
    .then(
      () => true,
      () => false,
    );
  if (!isServed) return;
  const body = byId("enrolment-body");
  byId("enrolment").hidden = false;

  const signIn = async (code: string): Promise<string> => {
    const { challenge } = await codes.sendCode({
      recipient: { kind: { case: "subject", value: subject } },
      channels: [Channel.TOTP],
      purpose: "login",
    });
    await codes.verifyCode({ challengeId: challenge?.challengeId ?? "", code, purpose: "login" });
    return "Verified. Every code is right once: the same one again is wrong.";
  };
  const use = (): void => {
    const text = h("p", {}, "The app is in use. Wait for its next code, and sign in with it.");
    body.replaceChildren(h("div", { class: "enrolment-step" }, h("div", {}, text, codeForm("Sign in", signIn))));
  };
  const confirm = ({ authenticator, secret, qrSvg }: Enrolment): void => {
    const confirmCode = async (code: string): Promise<string> => {
      await authenticators.confirmTotp({ subject, authenticatorId: authenticator?.authenticatorId ?? "", code });
      use();
      return "";
    };
    const how = h("p", {}, "Scan it with an authenticator app, or type this in:");
    const side = h("div", {}, how, h("p", { class: "secret" }, secret.replace(/(.{4})(?=.)/g, "$1 ")), codeForm("Confirm", confirmCode));
    body.replaceChildren(h("div", { class: "enrolment-step" }, qrCode(qrSvg), side));
  };
  const enrol = async (): Promise<void> => {
    const { enrolment } = await authenticators.enrolTotp({ subject, name: "Playground", accountName: "ada@example.com" });
    if (enrolment) confirm(enrolment);
  };
  const outcome = h("p", { class: "outcome bad", role: "status" });
  const begin = (): void => void enrol().catch((thrown) => (outcome.textContent = reasonOf(thrown)));
  const button = h("button", { class: "quiet-button", type: "button", click: begin }, "Enrol an app");
  const text = h("p", { class: "empty" }, "No message at all: an app that shows codes is enrolled once, and signs in from then on.");
  body.replaceChildren(h("div", { class: "enrolment-step" }, h("div", {}, text, h("p", {}), button, outcome)));
}

/** `submit` answers with what is to be said. */
function codeForm(label: string, submit: (code: string) => Promise<string>): HTMLElement {
  const input = h("input", { inputmode: "numeric", autocomplete: "off", maxlength: 10, required: true });
  const outcome = h("p", { class: "outcome", role: "status" });
  const show = (text: string, tone: string): void => {
    outcome.className = `outcome ${tone}`;
    outcome.textContent = text;
  };
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    const code = input.value;
    input.value = "";
    submit(code).then(
      (text) => show(text, "good"),
      (thrown) => show(reasonOf(thrown), "bad"),
    );
  };
  const field = h("label", {}, "Code of the app", input);
  return h(
    "form",
    { submit: onSubmit },
    h("div", { class: "app-code" }, field, h("button", { class: "quiet-button", type: "submit" }, label)),
    outcome,
  );
}

/** As an image, in which no script of an SVG would run. */
function qrCode(svg: Uint8Array): HTMLElement {
  const source = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new TextDecoder().decode(svg))}`;
  return h("img", { class: "qr", alt: "QR code of the secret", src: source });
}

const reasonOf = (thrown: unknown): string => {
  const error = ConnectError.from(thrown);
  return error.findDetails(ErrorInfoSchema)[0]?.reason ?? error.message;
};
