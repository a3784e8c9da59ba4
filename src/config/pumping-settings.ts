import { z } from "zod";
import { defaultThresholds, type PumpingSettings, type Thresholds } from "../abuse/judge-traffic.ts";
import { spendUnit } from "../otp/send-limit.ts";
import { choice, list, text, whole } from "./forms.ts";

const { prefix, network, dialCode, sequence, concentration, unproven } = defaultThresholds;
const percent = (what: string, share: number) => whole(`the percentage of ${what}`, 1, 100).default(Math.round(share * 100));
const sample = (what: string, usual: number) => whole(`the messages to ${what} before anything is concluded`, 1, 100_000).default(usual);
const dayMs = 86_400_000;
const minuteMs = 60_000;

/** When traffic looks like pumping, and what is done about it. Counts are of an hour's half-life. */
export const pumpingSettings = z.strictObject({
  mode: choice("off", "shadow", "enforce").default("shadow"),
  blockMinutes: list(whole("the minutes of a block", 1, 43_200), { min: 1, max: 10, write: "lengths in minutes" }).default([
    15, 60, 240, 1_440, 10_080,
  ]),
  prefix: z
    .strictObject({
      minSample: sample("a prefix", prefix.minSample),
      minNumbers: whole("the different numbers of a prefix", 1, 24).default(prefix.minNumbers),
      maxConversionPercent: percent("codes that are typed, below which a prefix is blocked", prefix.maxConversion),
    })
    .prefault({}),
  network: z
    .strictObject({
      minSample: sample("whoever asks from a network", network.minSample),
      maxConversionPercent: percent("codes that are typed, below which a network is blocked", network.maxConversion),
    })
    .prefault({}),
  dialCode: z
    .strictObject({
      minSample: sample("a country calling code", dialCode.minSample),
      maxConversionPercent: percent("codes that are typed, below which a calling code is blocked", dialCode.maxConversion),
    })
    .prefault({}),
  sequence: z
    .strictObject({
      numbers: whole("the numbers in a run that are suspicious", 3, 24).default(sequence.numbers),
      maxGap: whole("the gap between two numbers of a run", 1, 100).default(sequence.maxGap),
    })
    .prefault({}),
  concentration: z
    .strictObject({
      sharePercent: percent("a calling code's messages that one prefix may get", concentration.share),
      maxConversionPercent: percent("codes that are typed, below which that, or a run of numbers, counts", concentration.maxConversion),
    })
    .prefault({}),
  unproven: z
    .strictObject({
      minSample: sample("a country calling code that nobody has verified a code of", unproven.minSample),
      withinDays: whole("the days for which one typed code proves a calling code", 1, 13).default(unproven.withinMs / dayMs),
    })
    .prefault({}),
});

const priceForm = "the price of a message, in the unit of the limits on spending, 0 to 1000";
const price = z
  .number({ error: `write ${priceForm}` })
  .min(0, `write ${priceForm}`)
  .max(1_000, `write ${priceForm}`)
  .meta({ description: priceForm });
const dialCodeKey = text(
  'a country calling code or a longer beginning of numbers, in quotes, such as "+49", or default',
  /^(default|\+[1-9]\d{0,13})$/,
);

/** What a message costs, by channel and the beginning of the number: the longest that fits. */
const prices = z.record(dialCodeKey, price);
export const priceSettings = z.strictObject({
  sms: prices.optional(),
  voice: prices.optional(),
  whatsapp: prices.optional(),
  email: prices.optional(),
  push: prices.optional(),
});

const conversion = ({ minSample, maxConversionPercent }: { readonly minSample: number; readonly maxConversionPercent: number }) => ({
  minSample,
  maxConversion: maxConversionPercent / 100,
});

export const buildPumping = (settings: z.output<typeof pumpingSettings>): PumpingSettings => {
  const thresholds: Thresholds = {
    prefix: { ...conversion(settings.prefix), minNumbers: settings.prefix.minNumbers },
    network: conversion(settings.network),
    dialCode: conversion(settings.dialCode),
    sequence: settings.sequence,
    concentration: { share: settings.concentration.sharePercent / 100, maxConversion: settings.concentration.maxConversionPercent / 100 },
    unproven: { minSample: settings.unproven.minSample, withinMs: settings.unproven.withinDays * dayMs },
  };
  return { mode: settings.mode, thresholds, blockLengthsMs: settings.blockMinutes.map((minutes) => minutes * minuteMs) };
};

export const buildPrices = (settings: z.output<typeof priceSettings>) =>
  Object.fromEntries(
    Object.entries(settings).map(([channel, table]) => [
      channel,
      Object.fromEntries(Object.entries(table).map(([beginning, amount]) => [beginning, Math.round(amount * spendUnit)])),
    ]),
  );
