/** `<countersign-code>`: asks for a phone number or an address, sends a code, checks it, and tells the page. See `docs/embed.md`. */
import type { Interceptor } from "@connectrpc/connect";
import { createServerClock, type ServerClock } from "./clock.ts";
import { css } from "./element.css";
import { createFlow, type Flow, type FlowSettings } from "./flow.ts";
import { createRequestKeys } from "./keys.ts";
import type { Happening, Kind, State, Verification } from "./machine.ts";
import { reduce } from "./machine.ts";
import { createMemory } from "./memory.ts";
import { createService } from "./service.ts";
import { attributeNames, kindsOf, readSettings } from "./settings.ts";
import { tell } from "./tell.ts";
import { directionOf, findTexts, type OwnTexts, spokenLocale } from "./texts.ts";
import { createView, type View } from "./view.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

type Running = { readonly flow: Flow; readonly clock: ServerClock; readonly stop: () => void };

/** Attributes that make it another challenge; the others are for the eye. */
const ofConnection: ReadonlySet<string> = new Set(["endpoint", "key", "purpose"]);

export class CountersignCode extends HTMLElement {
  static readonly formAssociated = true;
  static readonly observedAttributes = attributeNames;

  /** What the code confirms, such as amount and payee. */
  binding: Readonly<Record<string, string>> = {};
  /** For the application's own wording. */
  templateVariables: Readonly<Record<string, string>> = {};
  /** The page's own words in place of the element's. */
  texts: OwnTexts = {};
  /** Seen by every call: headers to add, calls to watch. */
  interceptors: readonly Interceptor[] = [];
  /** Gives the answer to a captcha of the kind that the service asks for. */
  solveCaptcha: ((kind: string) => Promise<string>) | undefined;
  /** Resolves with the next verification, and never rejects. */
  verified: Promise<Verification>;

  readonly #root: ShadowRoot;
  readonly #internals: ElementInternals;
  #resolve: (verification: Verification) => void;
  #state: State = { step: "recipient", kind: "phone", busy: false };
  #running: Running | undefined;
  #view: View | undefined;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: "open", delegatesFocus: true });
    this.#root.adoptedStyleSheets = [sheet];
    this.#internals = this.attachInternals();
    ({ promise: this.verified, resolve: this.#resolve } = Promise.withResolvers<Verification>());
  }

  connectedCallback(): void {
    // After the page has set the properties of what it has just made.
    queueMicrotask(() => {
      if (this.isConnected && !this.#running) this.#start();
    });
  }

  disconnectedCallback(): void {
    this.#running?.stop();
    this.#running = undefined;
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.#running) return;
    if (ofConnection.has(name)) {
      this.#running.stop();
      this.#start();
    } else this.#show();
  }

  /** Puts a code in as if it was typed, for pages that get it in ways of their own. */
  enterCode(text: string): void {
    this.#view?.enterCode(text);
  }

  /** Begins again: another recipient, another `verified`. */
  reset(): void {
    this.#internals.setFormValue(null);
    ({ promise: this.verified, resolve: this.#resolve } = Promise.withResolvers<Verification>());
    this.#running?.flow.startOver(this.#firstKind());
  }

  #firstKind(): Kind {
    const settings = readSettings(this);
    const [first = "phone", ...others] = kindsOf(settings.channels);
    return settings.recipient.includes("@") && others.includes("email") ? "email" : first;
  }

  #start(): void {
    const { endpoint, key, purpose } = readSettings(this);
    const stopped = new AbortController();
    const clock = createServerClock(() => performance.now());
    const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
    const flow = createFlow({
      service: () => createService({ endpoint, key, interceptors: this.interceptors }, clock, stopped.signal),
      settings: () => this.#flowSettings(),
      state: () => this.#state,
      happen: (happening) => {
        if (!stopped.signal.aborted) this.#happen(happening);
      },
      clock,
      memory: createMemory([this.id, endpoint, purpose].join(" ")),
      keys: { send: createRequestKeys(random), verify: createRequestKeys(random) },
      sleep: (ms) => sleep(ms, stopped.signal),
    });
    const ticking = setInterval(() => this.#view?.tick(), 500);
    const seen = (): void => void (document.visibilityState === "visible" && flow.look());
    document.addEventListener("visibilitychange", seen, { signal: stopped.signal });
    const stop = (): void => {
      clearInterval(ticking);
      stopped.abort();
      this.#view?.close();
    };
    this.#running = { flow, clock, stop };
    this.#show();
    if (this.#state.step !== "done") void flow.begin(this.#firstKind());
  }

  #flowSettings(): FlowSettings {
    const { channels, purpose, locale, autofillDomain } = readSettings(this);
    const { binding, templateVariables, solveCaptcha } = this;
    return { channels, purpose, locale, webOrigin: autofillDomain, binding, templateVariables, ...(solveCaptcha && { solveCaptcha }) };
  }

  /** Anew, in another language or with other channels, where the person is. */
  #show(): void {
    if (!this.#running) return;
    const { flow, clock } = this.#running;
    const settings = readSettings(this);
    const locale = spokenLocale(settings.locale);
    this.#view?.close();
    this.#view = createView(this.#root, {
      actions: {
        send: (kind, value) => void flow.send({ kind, value }),
        sendNew: () => void flow.sendNew(),
        resend: (channel) => void flow.resend(channel),
        verify: (code) => void flow.verify(code),
        startOver: (kind) => flow.startOver(kind),
        expire: () => this.#happen({ type: "expired" }),
      },
      ...settings,
      texts: findTexts(locale, this.texts),
      locale,
      direction: directionOf(locale),
      clock,
    });
    this.#view.render(this.#state);
  }

  #happen(happening: Happening): void {
    this.#state = reduce(this.#state, happening);
    this.#view?.render(this.#state);
    if (happening.type === "verified") {
      this.#internals.setFormValue(happening.verification.proofToken);
      this.#resolve(happening.verification);
    }
    tell(this, happening);
  }
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

if (!customElements.get("countersign-code")) customElements.define("countersign-code", CountersignCode);
