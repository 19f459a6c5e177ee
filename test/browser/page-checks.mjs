// Run in the page, so they use nothing from outside of it.

/** What a person with a screen reader, a keyboard or a small screen would stumble over, and axe does not look for. */
export function pageFaults() {
  const faults = [];
  const expect = (isMet, fault) => isMet || faults.push(fault);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const nameOf = (element) => `<${element.localName}> ${element.id || element.textContent?.trim().slice(0, 30)}`;

  expect(/^\S.* – VTB(?:-beheer| admin)$/.test(document.title), `no title: ${document.title}`);
  expect(["nl", "en"].includes(document.documentElement.lang), "no language");
  expect(all("h1").length === 1, "not one first heading");
  expect(all("a.skip[href='#content']").length === 1 && all("main#content").length === 1, "no link to the content");
  for (const control of all("a[href], button, legend, caption, th")) {
    expect(control.textContent.trim() !== "", `no text: ${nameOf(control)}`);
  }
  for (const header of all("th")) expect(header.hasAttribute("scope"), `no scope: ${nameOf(header)}`);
  const ids = all("[id]").map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  expect(twice.length === 0, `several have the id ${twice}`);
  for (const element of all("[aria-describedby], [aria-labelledby], [for], a[href^='#']")) {
    const names = ["aria-describedby", "aria-labelledby", "for", "href"];
    const targets = names.map((name) => element.getAttribute(name)?.replace(/^#/, "")).filter(Boolean);
    for (const target of targets.flatMap((text) => text.split(" "))) {
      expect(document.getElementById(target), `nothing has the id ${target}`);
    }
  }
  for (const element of all("style, [style], [onclick], [onload], [onsubmit], script:not([src])")) {
    faults.push(`inline: ${nameOf(element)}`);
  }
  for (const input of all("input[type=password]")) {
    expect(!input.hasAttribute("value"), `a secret is filled in: ${nameOf(input)}`);
  }
  for (const link of all("a[target=_blank]")) expect(link.relList.contains("noopener"), `opener: ${nameOf(link)}`);
  return faults;
}

/** What is wider than the screen, but for what scrolls by itself. */
export function widerThanScreen() {
  if (document.documentElement.scrollWidth <= window.innerWidth) return [];
  return [...document.querySelectorAll("body *")]
    .filter(
      (element) => !element.closest(".scroll, pre") && element.getBoundingClientRect().right > window.innerWidth + 1,
    )
    .map((element) => `<${element.localName} class="${element.className}"> ${element.textContent?.trim().slice(0, 30)}`)
    .concat(`the page is ${document.documentElement.scrollWidth} px wide`);
}

/** What takes the keyboard's focus and does not show it, after a key was pressed. */
export function hiddenFocus() {
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  return [...document.querySelectorAll(controls)]
    .filter((element) => !element.disabled && element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => {
      element.focus();
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return document.activeElement !== element || outlineStyle !== "solid" || Number.parseFloat(outlineWidth) < 2;
    })
    .map((element) => `<${element.localName}> ${element.id || element.textContent?.trim().slice(0, 30)}`);
}

/** What paper shows that belongs to a screen, and whether the content is there. */
export function printFaults() {
  const isShown = (selector) =>
    [...document.querySelectorAll(selector)].some((element) => element.checkVisibility({ visibilityProperty: true }));
  return [
    ...["nav", ".skip", ".who", "button"].filter(isShown).map((selector) => `${selector} is printed`),
    ...(isShown("main h1") ? [] : ["the heading is not printed"]),
  ];
}

/** Where the keyboard's focus is: the element, and whether it can be seen on the screen. */
export function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) return undefined;
  const { top, bottom, width, height } = element.getBoundingClientRect();
  const isOnScreen = bottom > 0 && top < window.innerHeight && width > 1 && height > 1;
  const order = [...document.querySelectorAll("*")].indexOf(element);
  return { name: element.textContent?.trim().slice(0, 40) || element.id, order, isOnScreen };
}
