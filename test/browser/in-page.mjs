/**
 * What a person with a screen reader, a keyboard, weak eyes or a small screen would stumble over, as far as it can be counted.
 * Runs in the page, so it uses nothing from outside of it.
 */
export function pageFaults() {
  const faults = [];
  const expect = (isMet, fault) => isMet || faults.push(fault);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const nameOf = (element) => `<${element.localName}> ${element.id || element.textContent?.trim().slice(0, 30)}`;

  expect(document.documentElement.lang === "nl", "no language");
  expect(/^\S.* – VTB-beheer$/.test(document.title), "no title");
  expect(all("h1").length === 1, "not one first heading");
  const levels = all("h1, h2, h3, h4").map(({ localName }) => Number(localName[1]));
  expect(
    levels.every((level, index) => level - (levels[index - 1] ?? 0) <= 1),
    "a heading's level is skipped",
  );
  expect(all("main").length === 1 && all("body > header").length === 1, "landmarks are missing");
  expect(all("a[href='#inhoud']").length === 1, "no link to the content");

  for (const input of all("input:not([type=hidden])")) expect(input.labels.length > 0, `no label: ${nameOf(input)}`);
  for (const control of all("a[href], button, legend, caption, th")) {
    expect(control.textContent.trim() !== "", `no text: ${nameOf(control)}`);
  }
  for (const header of all("th")) expect(header.hasAttribute("scope"), `no scope: ${nameOf(header)}`);
  const ids = all("[id]").map(({ id }) => id);
  expect(new Set(ids).size === ids.length, "an id occurs twice");
  for (const element of all("[aria-describedby], ul[aria-labelledby], div[aria-labelledby], a[href^='#']")) {
    const names = ["aria-describedby", "aria-labelledby", "href"];
    const targets = names.map((name) => element.getAttribute(name)?.replace(/^#/, "")).filter(Boolean);
    for (const target of targets.flatMap((text) => text.split(" "))) {
      expect(document.getElementById(target), `nothing has the id ${target}`);
    }
  }
  for (const element of all("script, style, [style], [onclick], [onload], [onsubmit]"))
    faults.push(`inline: ${nameOf(element)}`);
  expect(document.documentElement.scrollWidth <= window.innerWidth, "wider than the screen");

  const luminance = (color) => {
    const [red, green, blue] = color.match(/[\d.]+/g).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backgroundOf = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    if (color !== "rgba(0, 0, 0, 0)") return color;
    return element.parentElement ? backgroundOf(element.parentElement) : "rgb(255, 255, 255)";
  };
  for (const element of all("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    if (!hasText && element.localName !== "input") continue;
    const [dark, light] = [luminance(getComputedStyle(element).color), luminance(backgroundOf(element))].sort(
      (a, b) => a - b,
    );
    expect((light + 0.05) / (dark + 0.05) >= 4.5, `too little contrast: ${nameOf(element)}`);
  }
  return faults;
}

/** How the browser outlines an element, such as `solid`. */
export function outlineOf(element) {
  return getComputedStyle(element).outlineStyle;
}
