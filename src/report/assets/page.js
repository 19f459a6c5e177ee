// Comfort only: the report reads the same without it.

const root = document.documentElement;
root.classList.add("scripted");

const sections = [...document.querySelectorAll("main > section")].map((section) => ({
  section,
  rows: [...section.querySelectorAll("tbody > tr, .timeline > li")].map((element) => ({ element, text: undefined })),
}));
const total = sections.reduce((sum, { rows }) => sum + rows.length, 0);

const form = document.querySelector(".search");
const input = form.querySelector("input");
const count = form.querySelector("output");
form.hidden = total === 0;

function search() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { section, rows } of sections) {
    let inSection = 0;
    for (const row of rows) {
      row.text ??= row.element.textContent.toLowerCase();
      const matches = words.every((word) => row.text.includes(word));
      row.element.hidden = !matches;
      if (matches) inSection += 1;
    }
    section.hidden = words.length > 0 && inSection === 0;
    found += inSection;
  }
  count.textContent = words.length === 0 ? "" : `${found} of ${total} match “${input.value.trim()}”`;
}

let waiting;
input.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, 150);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  search();
});

const { compare } = new Intl.Collator("en", { numeric: true });

function sortBy(heading) {
  const table = heading.closest("table");
  const column = heading.cellIndex;
  const isDescending = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
  const [body] = table.tBodies;
  const rows = [...body.rows].map((row) => {
    const cell = row.cells[column];
    return { row, key: cell.querySelector("time")?.dateTime ?? cell.textContent.trim() };
  });
  rows.sort((one, other) => {
    // What has no value stays last.
    if (one.key === "" || other.key === "") return Number(one.key === "") - Number(other.key === "");
    return isDescending ? compare(other.key, one.key) : compare(one.key, other.key);
  });
  // Moving 30,000 rows one by one takes a minute; taking all out first, a second.
  body.replaceChildren();
  for (const { row } of rows) body.append(row);
}

for (const heading of document.querySelectorAll("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = heading.textContent;
  button.addEventListener("click", () => sortBy(heading));
  heading.replaceChildren(button);
}
