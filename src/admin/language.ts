import type { LoginLanguage } from "../login/texts.js";

export type Language = LoginLanguage;

/** The same texts in both languages. */
export type Texts<T> = Readonly<Record<Language, T>>;

/**
 * The language of a request: the one chosen before, or else the one that the browser prefers of those that there are.
 *
 * @param chosen the value of the cookie
 * @param accepted the `Accept-Language` header (RFC 9110 §12.5.4)
 */
export function languageOf(chosen: string | undefined, accepted: string | undefined): Language {
  if (chosen === "nl" || chosen === "en") return chosen;
  const preferred = (accepted ?? "")
    .split(",", 20)
    .map((part) => {
      const [tag = "", ...parameters] = part.split(";");
      const quality = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
      return { language: tag.trim().toLowerCase().split("-")[0], quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality);
  for (const { language } of preferred) if (language === "nl" || language === "en") return language;
  return "nl";
}
