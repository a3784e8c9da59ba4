import type { CountersignCode } from "../element/countersign-code.ts";
import type { CountersignEvents } from "../element/tell.ts";
import { createCalls } from "./calls.ts";
import { createEnrolment } from "./enrolment.ts";
import { highlight } from "./highlight.ts";
import { createInbox } from "./inbox.ts";
import { byId } from "./page.ts";
import { createProof } from "./proof.ts";
import { recordCalls } from "./record-calls.ts";
import type { Places } from "./snippets.ts";
import { createTimeline } from "./timeline.ts";

const element = byId<CountersignCode>("element");
let places: Places = { http: location.origin, grpc: "127.0.0.1:50051" };
const timeline = createTimeline();
const proof = createProof();
const calls = createCalls(() => places);
const inbox = createInbox((code) => element.enterCode(code));

fetch("/playground/service.json")
  .then((response) => response.json())
  .then(({ grpc }: { grpc: string }) => {
    places = { ...places, grpc };
  })
  .catch(() => undefined);

const record = recordCalls((call) => {
  calls.add(call);
  const { challenge } = call.answer as { challenge?: { challengeId: string } };
  if (challenge) timeline.follow(challenge.challengeId);
  void inbox.refresh();
});

const on = <T extends keyof CountersignEvents>(type: T, listener: (event: CountersignEvents[T]) => void): void =>
  element.addEventListener(type, listener as EventListener);

on("countersign-sent", () => proof.hide());
on("countersign-verified", ({ detail }) => {
  byId("restart").hidden = false;
  void proof.show(detail.proofToken, detail.purpose);
});
const restart = (): void => {
  byId("restart").hidden = true;
  proof.hide();
  element.reset();
};
byId("restart").addEventListener("click", () => {
  restart();
  element.focus();
});

const payment = { amount: "48.50 EUR", payee: "Ada’s Bookshop" };
const scenario = byId<HTMLSelectElement>("scenario");
const setScenario = (): void => {
  const isPayment = scenario.value === "payment";
  byId("payment").hidden = !isPayment;
  element.binding = isPayment ? payment : {};
  element.setAttribute("purpose", scenario.value);
};
scenario.addEventListener("change", () => {
  setScenario();
  restart();
});

const language = byId<HTMLSelectElement>("language");
language.addEventListener("change", () => element.setAttribute("locale", language.value));
const theme = byId<HTMLSelectElement>("theme");
theme.addEventListener("change", () => {
  document.documentElement.dataset.theme = theme.value;
});
const example = `<script type="module" src="/countersign-code.js"></script>

<countersign-code
  endpoint="https://codes.example.com"
  key="YOUR BROWSER KEY"
></countersign-code>`;
byId("embed").append(...highlight(example));

// Browsers put back what was chosen before a reload.
setScenario();
element.setAttribute("locale", language.value);
document.documentElement.dataset.theme = theme.value;
element.interceptors = [record];
void createEnrolment(record);
